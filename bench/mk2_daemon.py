"""The simulated MK3 and mk2-bridge as processes of their own: what the daemon costs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.vendor_set import measured_path
from simulators.gx.settings import SettingsSimulator
from simulators.peers.dbus import DBusDaemon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).resolve().parents[1]
THIRD_PARTY = "import asyncio, argparse, logging, yaml, serial_asyncio, dbus_fast.aio, dbus_fast.message"
OUR_LIBRARIES = (
    "import daemonkit.daemon, mk2.control, mk2.system, mk2.port, velib_async.localsettings, velib_async.service"
)
LEANLY = "from daemonkit.lean import start_lean; start_lean()"
SLEEP = "import time; time.sleep({})"


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
