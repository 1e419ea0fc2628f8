"""Modbus servers of other people, each a process that serves a register image of ours."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.peers.process import find_program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from simulators.modbus.image import Image

HERE = Path(__file__).parent
START_LIMIT_S = 20.0


def build_libmodbus_server(directory: Path) -> Path:
    """Compile the C server; a missing compiler or library is a missing peer."""
    compiler, config = find_program("cc"), find_program("pkg-config")
    flags = subprocess.run([config, "--cflags", "--libs", "libmodbus"], capture_output=True, text=True, check=True)
    target = directory / "libmodbus_server"
    source = HERE / "libmodbus_server.c"
    subprocess.run([compiler, "-O1", "-o", str(target), str(source), *flags.stdout.split()], check=True)
    return target


def libmodbus_command(program: Path, kind: str, where: str, unit: int) -> list[str]:
    """Return how to start the C server."""
    return [str(program), "tcp", where] if kind == "tcp" else [str(program), "rtu", where, "9600", str(unit)]


def python_command(name: str, kind: str, where: str, unit: int) -> list[str]:
    """Return how to start a Python library's server."""
    return [sys.executable, str(HERE / "foreign_server.py"), name, kind, where, str(unit)]


@contextmanager
def _serving(command: Sequence[str], image: Image) -> Iterator[None]:
    lines = "".join(f"{table} {at} {word}\n" for (table, at), word in image.registers.items())
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{lines}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()


@contextmanager
def _pty_pair(directory: Path) -> Iterator[tuple[str, str]]:
    ends = [directory / "client", directory / "server"]
    with subprocess.Popen([find_program("socat"), *(f"pty,raw,echo=0,link={end}" for end in ends)]) as process:
        try:
            deadline = time.monotonic() + START_LIMIT_S
            while not all(end.exists() for end in ends):
                assert time.monotonic() < deadline, "socat made no ttys"
                time.sleep(0.01)
            yield str(ends[0].resolve()), str(ends[1].resolve())
        finally:
            process.terminate()


@asynccontextmanager
async def _in_thread(manager: Any) -> AsyncIterator[Any]:
    value = await asyncio.to_thread(manager.__enter__)
    try:
        yield value
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


def serving(command: Sequence[str], image: Image) -> Any:
    """Run a server for as long as the async context lasts."""
    return _in_thread(_serving(command, image))


def pty_pair(directory: Path) -> Any:
    """Two ttys that are wired to each other, by socat, for as long as the async context lasts."""
    return _in_thread(_pty_pair(directory))
