"""venus-daemons selftest: figures of this device, as one report for docs/hardware.md or an issue."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from console.bus_view import DAEMON, list_names, open_system_bus
from console.suite import Suite, resident_kb, run
from daemonkit.version import read_version
from velib_async.errors import VelibError

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLS = 50
WRITES = 5


def main(arguments: list[str]) -> int:
    """Print the report."""
    if arguments:
        sys.stderr.write("venus-daemons selftest takes no arguments\n")
        return 2
    suite = Suite()
    sys.stdout.write("```\n")
    for part in (describe_device, measure_starts, measure_running, measure_disk, measure_bus):
        for line in part(suite):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    sys.stdout.write("```\n")
    return 0


def describe_device(suite: Suite) -> Iterator[str]:
    """What it is."""
    yield f"suite      venus-daemons {read_version()}, {suite.base}"
    yield f"device     {suite.machine()}, {os.uname().machine}, {os.cpu_count()} CPU, kernel {os.uname().release}"
    yield f"firmware   {suite.venus_version()}, Python {sys.version.partition(' ')[0]}"
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    yield f"memory     {read_meminfo('MemTotal')} MB, {read_meminfo('MemAvailable')} MB available; load {load}"


def read_meminfo(name: str) -> str:
    """Return a line of /proc/meminfo in MB."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return str(int(line.split()[1]) // 1024)
    return "?"


def measure_starts(suite: Suite) -> Iterator[str]:
    """How long each daemon takes to load everything, with warm caches."""
    for name in suite.daemons():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.monotonic()
        code, _ = run(sys.executable, "-s", "-P", "-m", name.replace("-", "_"), "--check")
        took_s = time.monotonic() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        yield f"load       {name}: {took_s:.2f} s, {cpu_s:.2f} s of CPU (exit code {code})"


def measure_running(suite: Suite) -> Iterator[str]:
    """What those that run take."""
    ticks = os.sysconf("SC_CLK_TCK")
    for name in suite.daemons():
        supervised = suite.supervised(name)
        if supervised.pid is None:
            yield f"running    {name}: no"
            continue
        try:
            fields = Path(f"/proc/{supervised.pid}/stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        cpu = (int(fields[11]) + int(fields[12])) / ticks / max(1, supervised.for_s)
        memory = (resident_kb(supervised.pid) or 0) / 1024
        yield f"running    {name}: {supervised.for_s} s, {memory:.1f} MB, {cpu:.2%} CPU"


def measure_disk(suite: Suite) -> Iterator[str]:
    """How much room /data has, and how long a safe write takes."""
    data = os.statvfs(suite.paths.data)
    free_mb = data.f_bavail * data.f_frsize / 1e6
    file = suite.paths.data / ".venus-daemons-selftest"
    begin = time.monotonic()
    try:
        for _ in range(WRITES):
            with file.open("wb") as opened:
                opened.write(bytes(4096))
                opened.flush()
                os.fsync(opened.fileno())
        took = f"{(time.monotonic() - begin) / WRITES * 1000:.1f} ms"
    except OSError as error:
        took = f"impossible ({error.strerror})"
    finally:
        file.unlink(missing_ok=True)
    yield f"disk       {free_mb:.0f} MB free on {suite.paths.data}; a write of 4 kB: {took}"


def measure_bus(_: Suite) -> Iterator[str]:
    """How many are on the bus, and how long a call takes."""
    try:
        yield from asyncio.run(ask_bus())
    except (OSError, TimeoutError, VelibError) as error:
        yield f"bus        none: {str(error) or type(error).__name__}"


async def ask_bus() -> list[str]:
    """Return the lines about the bus."""
    async with open_system_bus() as bus:
        names = await list_names(bus)
        begin = time.monotonic()
        for _ in range(CALLS):
            await bus.call(*DAEMON, "GetId")
        call_ms = (time.monotonic() - begin) / CALLS * 1000
    connections = sum(name.startswith(":") for name in names)
    services = sum(name.startswith("com.victronenergy.") for name in names)
    return [f"bus        {connections} connections of 256, {services} services; a call takes {call_ms:.2f} ms"]
