"""How near lib/mk2 comes to what the wire allows: `python bench/mk2.py [--quick]`.

The simulated MK3 runs in a process of its own, paced like the real one: 4.167 ms per byte at 2400 baud and 47 ms until
a reply begins. README.md beside this file has the last run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "lib")]  # started as a script, or from anywhere

from bench.vendor_set import measured_path  # noqa: E402 - found through the line above
from mk2.control import Control, Permissions  # noqa: E402
from mk2.framing import FrameUnpacker  # noqa: E402
from mk2.jobs import JobOptions  # noqa: E402
from mk2.opening import open_session  # noqa: E402
from mk2.ram_var import RamVar  # noqa: E402
from mk2.session import POWERS  # noqa: E402
from mk2.system import SystemOptions  # noqa: E402
from mk2.tool.watching import watch  # noqa: E402
from simulators.gx.settings import SettingsSimulator  # noqa: E402
from simulators.peers.dbus import DBusDaemon  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

STRICT_MS, PERMISSIVE_MS, NAIVE_MS = 277.0, 196.0, 782.0
FRESH_S = 1.5
MEMORY_MIB = 4.0
LEAN = JobOptions(slow_tier=False)
SIX = (RamVar.INVERTER_POWER, RamVar.MAINS_POWER, RamVar.OUTPUT_POWER, RamVar.BATTERY_VOLTAGE, RamVar.BATTERY_CURRENT)
THIRD_PARTY = "import asyncio, argparse, logging, yaml, serial_asyncio, dbus_fast.aio, dbus_fast.message"
OUR_LIBRARIES = (
    "import daemonkit.daemon, mk2.control, mk2.system, mk2.port, velib_async.localsettings, velib_async.service"
)
LEANLY = "from daemonkit.lean import start_lean; start_lean()"
SLEEP = "import time; time.sleep({})"


class Row(NamedTuple):
    """A line of the result: what, how much, and the limit it is held against, if there is one."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    def __str__(self) -> str:
        """Return the row as Markdown."""
        verdict = "" if self.limit is None else f"{self.limit:g} | {'yes' if self.value <= self.limit else 'NO'}"
        return f"| {self.name} | {self.value:.4g} {self.unit} | {verdict or '- | -'} |"


@asynccontextmanager
async def simulated(*arguments: str) -> AsyncIterator[str]:
    """Run a simulated MK3; gives its tty."""
    with tempfile.TemporaryDirectory() as directory:
        link = Path(directory) / "ttyMK3"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "simulators.multiplus",
            "--link",
            str(link),
            *arguments,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            if process.stdout is not None:
                await process.stdout.readline()
            yield str(link)
        finally:
            process.terminate()
            await process.wait()


async def cycle_ms(seconds: float, *arguments: str, options: SystemOptions) -> float:
    """Return how long a round of readings takes."""
    async with simulated(*arguments) as tty, watch(tty, options=options) as watched:
        await asyncio.sleep(2)
        poller = watched.system.poller
        if poller is None:
            raise RuntimeError("the system is not running")
        rounds, began = poller.schedule.rounds, time.monotonic()
        await asyncio.sleep(seconds)
        return (time.monotonic() - began) / (poller.schedule.rounds - rounds) * 1000


async def naive_ms(seconds: float) -> float:
    """Return how long the usual set takes when one question waits for the other."""
    async with simulated() as tty, open_session(tty) as session:
        rounds, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            await session.leds()
            await session.dc()
            await session.ac(1)
            await session.config()
            await session.get_ram_raw(*SIX, RamVar.STATE_OF_CHARGE)
            await session.state()
            rounds += 1
        return (time.monotonic() - began) / rounds * 1000


async def freshness_s(seconds: float) -> float:
    """Return the longest time between two readings of the same kind, of what changes by itself."""
    async with simulated() as tty, watch(tty) as watched:
        await asyncio.sleep(3)
        seen: dict[str, float] = {}
        longest = 0.0
        take = watched.system._give  # noqa: SLF001 - listens in

        def listen(name: str, reading: object) -> None:
            nonlocal longest
            now = time.monotonic()
            if name in {"dc", "ac1", "powers", "config", "state"}:
                longest = max(longest, now - seen.get(name, now))
                seen[name] = now
            take(name, reading)

        watched.system._give = listen  # noqa: SLF001
        watched.system.restart()  # so that the jobs are made with the listener
        await asyncio.sleep(6)
        seen.clear()
        longest = 0.0
        await asyncio.sleep(seconds)
        return longest


async def writes_per_s(seconds: float, *, pipelined: bool) -> float:
    """Return how many power set points per second are written and acknowledged, each with a reading of the powers."""
    async with simulated("--ess") as tty, open_session(tty) as session:
        control = Control(session, Permissions())

        async def write() -> None:
            await control.write_ram(131, -500, is_cyclic=True)

        async def read() -> None:
            await session.get_ram_raw(*POWERS)

        count, began = 0, time.monotonic()

        async def loop(*steps: Callable[[], Awaitable[None]]) -> None:
            nonlocal count
            while time.monotonic() - began < seconds:
                for step in steps:
                    await step()
                    count += step is write

        loops = [loop(write), loop(write), loop(read)] if pipelined else [loop(write, read)]
        await asyncio.gather(*loops)
        return count / (time.monotonic() - began)


def unpack_mb_s(*, noisy: bool) -> float:
    """Return how many megabytes per second the unpacker takes."""
    vectors = (ROOT / "tests" / "vectors" / "mk2" / "replies.txt").read_text(encoding="ascii").splitlines()
    frames = [bytes.fromhex(line.partition("|")[0]) for line in vectors if not line.startswith("#")]
    noise = random.Random(1)  # noqa: S311 - noise is not a secret
    parts = [noise.randbytes(30) if noisy and noise.random() < 0.5 else noise.choice(frames) for _ in range(60_000)]  # noqa: PLR2004 - half
    data = b"".join(parts)
    unpacker = FrameUnpacker()
    began = time.process_time()
    for start in range(0, len(data), 64):
        unpacker.feed(data[start : start + 64])
    return len(data) / 1e6 / (time.process_time() - began)


def _memory_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def _running(*command: str, **environment: str) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def daemon_costs(seconds: float) -> tuple[float, float, float, float]:
    """Return mk2-bridge's share of a processor in %, and its memory in MiB above three bare processes.

    The first has imported what others wrote, the second that without what daemonkit.lean leaves out, the third our
    libraries, too. All find their modules compiled, as on every start but the first.
    """
    path = {"PYTHONPATH": measured_path("lib", "daemons"), "PYTHONDONTWRITEBYTECODE": ""}
    path["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / f"vd-bench-compiled-{os.getuid()}")
    compiling = (f"{THIRD_PARTY}; {OUR_LIBRARIES}", "import mk2_bridge.app, velib_async._connect")
    for code in compiling:
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], env={**os.environ, **path}, check=True)
    with DBusDaemon() as bus, tempfile.TemporaryDirectory() as directory:
        async with (
            SettingsSimulator(bus.address),
            simulated() as tty,
            _running("-c", f"{THIRD_PARTY}; {SLEEP.format(seconds + 60)}", **path) as others,
            _running("-c", f"{LEANLY}; {THIRD_PARTY}; {SLEEP.format(seconds + 60)}", **path) as lean,
            _running("-c", f"{THIRD_PARTY}; {OUR_LIBRARIES}; {SLEEP.format(seconds + 60)}", **path) as all_libraries,
            _running(
                "-m",
                "mk2_bridge",
                "-b",
                bus.address,
                "-t",
                tty,
                **path,
                VENUS_DAEMONS_DATA=directory,
                VENUS_DAEMONS_RUN=directory,
            ) as daemon,
        ):
            await asyncio.sleep(10)
            cpu, began = _cpu_s(daemon), time.monotonic()
            await asyncio.sleep(seconds)
            percent = (_cpu_s(daemon) - cpu) / (time.monotonic() - began) * 100
            memory = _memory_mib(daemon)
            bare = (_memory_mib(pid) for pid in (others, lean, all_libraries))
            above_others, above_lean, above_all = (memory - each for each in bare)
            return percent, above_others, above_lean, above_all


async def measure(seconds: float) -> list[Row]:
    """Return all rows."""
    strict = await cycle_ms(seconds, options=SystemOptions(jobs=LEAN))
    permissive = await cycle_ms(seconds, "--permissive", options=SystemOptions(jobs=LEAN))
    rows = [
        Row("lean cycle, strict device", strict, "ms", 1.1 * STRICT_MS),
        Row("lean cycle, permissive device", permissive, "ms", 1.15 * PERMISSIVE_MS),
        Row("usual set, one question at a time", await naive_ms(seconds), "ms"),
        Row("oldest reading, all tiers, strict device", await freshness_s(seconds), "s", FRESH_S),
        Row("ESS writes per s, one at a time, each with a reading", await writes_per_s(seconds, pipelined=False), "/s"),
        Row("ESS writes per s, pipelined, with readings beside", await writes_per_s(seconds, pipelined=True), "/s"),
    ]
    fast = SystemOptions(jobs=LEAN, high_speed=True)
    rows += [
        Row("lean cycle at 115200 baud, strict", await cycle_ms(seconds, options=fast), "ms"),
        Row("lean cycle at 115200 baud, permissive", await cycle_ms(seconds, "--permissive", options=fast), "ms"),
        Row("unpacker, clean input", unpack_mb_s(noisy=False), "MB/s"),
        Row("unpacker, half noise", unpack_mb_s(noisy=True), "MB/s"),
    ]
    percent, above_others, above_lean, above_libraries = await daemon_costs(seconds)
    rows += [
        Row("mk2-bridge polling at wire speed: processor", percent, "%"),
        Row("mk2-bridge: memory above third-party libraries", above_others, "MiB", MEMORY_MIB),
        Row("mk2-bridge: memory above those, loaded leanly", above_lean, "MiB"),
        Row("mk2-bridge: memory above all its libraries", above_libraries, "MiB"),
    ]
    return rows


def main() -> int:
    """Print the table; return 1 when a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run that shows that it works")
    arguments = parser.parse_args()
    rows = asyncio.run(measure(3.0 if arguments.quick else 20.0))
    print("| figure | measured | limit | kept |\n| --- | ---: | ---: | --- |")
    print("\n".join(map(str, rows)))
    return int(any(row.limit is not None and row.value > row.limit for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
