"""What modbus-client costs and how fast it is: `.venv/bin/python bench/modbus.py [--seconds N]`.

The daemon is a process of its own against simulated devices in this one, with a private D-Bus and simulated settings.
A cycle is from one read of a block to the next of the same. RTU bytes take their time at 9600 baud (1.04 ms each);
"busy" is request + reply + 2 x 3.5 characters + the simulated turnaround, as a share of wall time. Memory is compared
with a Python that has imported the libraries and done nothing: the foreign ones, and with this suite's own
(velib_async, daemonkit); "leanly" is without what the daemons leave out of the foreign ones (daemonkit/lean.py).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median, mode
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "lib"), str(REPOSITORY / "daemons")]

from bench.vendor_set import measured_path  # noqa: E402 - after the path
from simulators.gx.settings import SettingsSimulator  # noqa: E402
from simulators.modbus.deadport import DeadPort  # noqa: E402
from simulators.modbus.models import make_image  # noqa: E402
from simulators.modbus.rtu import RtuMeter  # noqa: E402
from simulators.modbus.server import TcpMeter  # noqa: E402
from simulators.modbus.station import Behaviour, Station  # noqa: E402
from simulators.peers.dbus import DBusDaemon  # noqa: E402

LATENCY_S = 0.05
DEVICES = 20
DEAD = 5
RATE = 9600
TURNAROUND_S = 0.004
CHARACTER_S = 10 / RATE
SETTLE_S = 4.0
RTU_GAP = 7
"""Unwanted registers that are cheaper to read than a second transaction: (5 + 2 + 2 x 3 bytes of overhead + 1) // 2."""
SDM_LONGEST = 80
COMPILED = {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / f"vd-bench-compiled-{os.getuid()}")}
"""Memory is that of a daemon whose modules have been compiled before, as on every start but the first."""
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
IMPORTS = (
    "import asyncio, logging, json, argparse, yaml, dbus_fast.aio, serial_asyncio",
    "import pymodbus.framer, pymodbus.pdu.register_message",
)
LEAN = "from daemonkit.lean import start_lean; start_lean()"
OWN_IMPORTS = ("import daemonkit.daemon, velib_async._dbus, velib_async.localsettings, velib_async.service",)


@dataclass
class Watched(Station):
    """A station that keeps the address of each read."""

    reads: list[int] = field(default_factory=list)

    async def reply(self, pdu: bytes) -> bytes | None:
        """Answer as a station does."""
        if pdu[0] in {3, 4}:
            self.reads.append(int.from_bytes(pdu[1:3], "big"))
        return await super().reply(pdu)


class Daemon:
    """The daemon with a bus and settings."""

    def __init__(self, specs: list[str]) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="vd-bench-"))
        lines = "".join(f"  - {{spec: '{spec}', continuous: true}}\n" for spec in specs)
        config = self.directory / "conf/venus-daemons"
        config.mkdir(parents=True)
        (config / "modbus-client.yml").write_text(f"discovery: false\ndevices:\n{lines}")
        self.dbus = DBusDaemon()

    async def __aenter__(self) -> Self:
        self.dbus.start()
        self.settings = SettingsSimulator(self.dbus.address)
        await self.settings.__aenter__()
        env = {
            **os.environ,
            "PYTHONPATH": measured_path("lib", "daemons"),
            "VENUS_DAEMONS_DATA": str(self.directory),
            "VENUS_DAEMONS_RUN": str(self.directory),
            **COMPILED,
        }
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [sys.executable, "-m", "modbus_client", "-b", self.dbus.address]
        self.log = (self.directory / "log").open("w")
        self.process = await asyncio.to_thread(
            lambda: subprocess.Popen(command, env=env, stdout=self.log, stderr=subprocess.STDOUT)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.process.terminate()
        await asyncio.to_thread(self.process.wait)
        self.log.close()
        await self.settings.__aexit__(None, None, None)
        self.dbus.close()

    def cpu_s(self) -> float:
        """Return the processor time that the daemon has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self) -> float:
        """Return the daemon's resident memory."""
        return resident_mib(self.process.pid)


def resident_mib(pid: int) -> float:
    """Return a process' resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KB / 1024


def import_mib(*imports: str) -> float:
    """Return the resident memory of a Python that has only imported something."""
    code = "; ".join([*imports, "print(open('/proc/self/statm').read().split()[1])"])
    env = {**os.environ, "PYTHONPATH": measured_path("lib"), **COMPILED}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    pages = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
    return int(pages) * PAGE_KB / 1024


@dataclass
class Result:
    """One run over TCP."""

    refresh_s: list[float]
    cpu_ms: float  # of the daemon, for each transaction
    resident_mib: float


async def run_tcp(count: int, dead: int, seconds: float) -> Result:
    """Measure devices behind addresses of their own, and dead ones beside them.

    Of those, some accept connections and are silent; the others drop every SYN.
    """
    stations = [Watched(make_image("em24"), Behaviour(LATENCY_S)) for _ in range(count)]
    for number, station in enumerate(stations):
        station.image.put("h", 0x5000, "text7", f"BENCH{number:03}")
    asleep = [Station(make_image("em24"), Behaviour(is_asleep=True)) for _ in range(dead // 2)]
    unreachable = [DeadPort() for _ in range(dead - len(asleep))]
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(TcpMeter({1: s})) for s in [*stations, *asleep]]
        ports = [*(s.port for s in servers), *(stack.enter_context(d).port for d in unreachable)]
        daemon = await stack.enter_async_context(Daemon([f"tcp:127.0.0.1:{port}:1" for port in ports]))
        await wait_for_traffic(stations, 20)
        await asyncio.sleep(SETTLE_S)
        before, cpu, started = [len(s.reads) for s in stations], daemon.cpu_s(), time.monotonic()
        await asyncio.sleep(seconds)
        elapsed = time.monotonic() - started
        refresh = []
        for station, first in zip(stations, before, strict=True):
            reads = station.reads[first:]
            refresh.append(elapsed * len(set(reads)) / len(reads))
        total = sum(len(s.reads) for s in stations) - sum(before)
        return Result(refresh, 1000 * (daemon.cpu_s() - cpu) / total, daemon.resident_mib())


async def wait_for_traffic(stations: list[Watched], reads: int) -> None:
    """Wait until every device is polled."""
    deadline = time.monotonic() + 60
    while min(len(station.reads) for station in stations) < reads:
        if time.monotonic() > deadline:
            raise SystemExit("the daemon does not poll; see its log")
        await asyncio.sleep(0.1)


def optimal_reads(told: list[tuple[str, int, int]], gap: int, longest: int) -> int:
    """Count the reads of the best packing of what a device tells, by dynamic programming over all cuts."""
    total = 0
    for table in ("h", "i"):
        spans = sorted({(at, at + size) for owner, at, size in told if owner == table})
        best = [0] + [len(spans)] * len(spans)
        for end in range(1, len(spans) + 1):
            for begin in range(end):
                inside = spans[begin:end]
                close = all(after[0] - before[1] <= gap for before, after in pairwise(inside))
                if close and inside[-1][1] - inside[0][0] <= longest:
                    best[end] = min(best[end], best[begin] + 1)
        total += best[-1]
    return total


async def run_rtu(seconds: float) -> tuple[float, float, int]:
    """Return how busy the line was, the refresh, and the reads in a cycle."""
    station = Watched(make_image("sdm630"), Behaviour(TURNAROUND_S))
    async with RtuMeter({1: station}, RATE) as bus, Daemon([f"rtu:{bus.path}:{RATE}:1"]):
        await wait_for_traffic([station], 20)
        await asyncio.sleep(SETTLE_S)
        first, wire, started = len(station.reads), bus.wire_s, time.monotonic()
        await asyncio.sleep(seconds)
        elapsed, reads = time.monotonic() - started, station.reads[first:]
        needed = bus.wire_s - wire + len(reads) * (TURNAROUND_S + 2 * 3.5 * CHARACTER_S)
        turns = [at for at, begin in enumerate(reads) if begin == mode(reads)]
        per_cycle = int(median(b - a for a, b in pairwise(turns)))  # what is read once a minute is in few of them
        return needed / elapsed, elapsed * per_cycle / len(reads), per_cycle


async def main() -> None:
    """Measure everything and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each run is measured")
    seconds = parser.parse_args().seconds
    print(__doc__)
    await run_tcp(1, 0, 0.1)  # compiles
    alone = await run_tcp(1, 0, seconds)
    many = await run_tcp(DEVICES, 0, seconds)
    dead = await run_tcp(DEVICES, DEAD, seconds)
    import_mib(*IMPORTS, *OWN_IMPORTS)  # compiles
    foreign, libraries = import_mib(*IMPORTS), import_mib(*IMPORTS, *OWN_IMPORTS)
    lean = import_mib(LEAN, *IMPORTS)
    row("one TCP device, 50 ms latency: refresh", f"{alone.refresh_s[0]:.3f} s")
    row(f"{DEVICES} devices: slowest refresh / alone", ratio(max(many.refresh_s), alone.refresh_s[0], 1.2))
    row(f"{DEVICES} devices beside {DEAD} dead: slowest / alone", ratio(max(dead.refresh_s), alone.refresh_s[0], 1.2))
    row("CPU of the daemon for a transaction, 1 device", f"{alone.cpu_ms:.2f} ms")
    row(f"CPU of the daemon for a transaction, {DEVICES} devices", f"{many.cpu_ms:.2f} ms")
    row("resident memory, 1 device", f"{alone.resident_mib:.1f} MiB")
    row(f"resident memory, {DEVICES} devices", f"{many.resident_mib:.1f} MiB")
    row(
        "above the bare import of foreign libraries (limit 4 MiB)",
        f"{alone.resident_mib - foreign:.1f} MiB of {foreign:.1f}",
    )
    row("... and of our own libraries, too", f"{alone.resident_mib - libraries:.1f} MiB of {libraries:.1f}")
    row("above the foreign libraries, loaded leanly", f"{alone.resident_mib - lean:.1f} MiB of {lean:.1f}")
    busy, refresh, per_cycle = await run_rtu(seconds)
    optimum = optimal_reads(make_image("sdm630").told, RTU_GAP, SDM_LONGEST)
    row("RTU 9600 baud: busy (at least 0.90)", f"{busy:.3f}")
    row("RTU 9600 baud: refresh of an SDM630", f"{refresh:.3f} s")
    row("RTU reads in a cycle / of the best packing", f"{per_cycle} / {optimum}")


def ratio(value: float, base: float, limit: float) -> str:
    """Return a ratio as text."""
    return f"{value / base:.3f} (limit {limit})"


def row(name: str, value: str) -> None:
    """Print one line of the table."""
    print(f"  {name:56} {value}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
