"""The commands of the tool. Each takes the parsed command line and writes to standard output."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mk2.control import Control, Permissions
from mk2.errors import Unsupported
from mk2.listing import list_settings, list_variables
from mk2.names import find_target
from mk2.opening import open_session
from mk2.tool.watching import watch
from mk2.trace import read_trace
from mk2.writing import read_target, write_target

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from mk2.tool.watching import Watch

DRAW_S = 1.0
START_S = 20.0
"""A first start at 2400 baud takes 4 s, more when several devices are to be found."""

ONCE = {"dc", "ac1", "config", "state"}
CLEAR = "\x1b[H\x1b[J"


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def monitor(arguments: argparse.Namespace) -> None:
    """Draw a live table until interrupted, or once with --once."""
    async with watch(arguments.tty) as watched:
        began = time.monotonic()
        if arguments.once:
            await _wait_for_all(watched)
        while True:
            await asyncio.sleep(DRAW_S)
            clear = "" if arguments.once or not sys.stdout.isatty() else CLEAR
            say(clear + "\n".join(_table(watched, time.monotonic() - began)))
            if arguments.once:
                return


async def _wait_for_all(watched: Watch) -> None:
    """Wait until the system was identified and has been asked all that is asked often, or is found not to answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while not watched.latest.keys() >= ONCE:  # noqa: ASYNC110  # the readings come one by one
                await asyncio.sleep(DRAW_S / 10)


def _table(watched: Watch, seconds: float) -> Iterator[str]:
    identity = watched.system.identity
    yield f"{watched.system.state.value}" + (
        ""
        if identity is None
        else f", interface {identity.interface.version}, device {identity.device.number}, phases {identity.phases}"
    )
    for name, reading in sorted(watched.latest.items()):
        rate = watched.counts[name] / seconds
        yield f"{name:<10} {rate:5.1f}/s  {_describe(reading)}"


def _describe(reading: object) -> str:
    if isinstance(reading, dict):
        return "  ".join(f"{var.name.lower()} {value:.2f}" for var, value in reading.items())
    if isinstance(reading, tuple):
        return "; ".join(_describe(part) for part in reading)
    if dataclasses.is_dataclass(reading):
        parts = []
        for field in dataclasses.fields(reading):
            value = getattr(reading, field.name)
            if not isinstance(value, bytes) and not dataclasses.is_dataclass(value):
                parts.append(f"{field.name} {value:.2f}" if isinstance(value, float) else f"{field.name} {value}")
        return "  ".join(parts)
    return f"{reading:.2f}" if isinstance(reading, float) else str(reading)


async def get(arguments: argparse.Namespace) -> None:
    """Print the values of names; what the device does not have is named, and the others are printed all the same.

    Raises:
        Unsupported: some are not there.
    """
    targets = [find_target(name) for name in arguments.names]
    async with open_session(arguments.tty) as session:
        missing = []
        for target in targets:
            try:
                say(await read_target(session, target))
            except Unsupported:
                missing.append(target.name)
    if missing:
        raise Unsupported(f"this device does not have {', '.join(missing)}")


async def put(arguments: argparse.Namespace) -> None:
    """Write one value."""
    target = find_target(arguments.name)
    async with open_session(arguments.tty) as session:
        control = Control(session, Permissions(settings=True, eeprom=arguments.eeprom, ram_variables=True))
        say(await write_target(control, target, arguments.value, persist=arguments.eeprom))


async def dump(arguments: argparse.Namespace) -> None:
    """Print all variables and settings, with scales and limits."""
    async with open_session(arguments.tty) as session:
        async for line in list_variables(session):
            say(line)
        async for line in list_settings(session, whole=arguments.all):
            say(line)


async def record(arguments: argparse.Namespace) -> None:
    """Poll for a while and write everything that passes the line to a file."""
    with Path(arguments.file).open("w", encoding="ascii") as file:  # noqa: ASYNC230  # a tool that does nothing else
        async with watch(arguments.tty, trace=file) as watched:
            await asyncio.sleep(arguments.seconds)
            say(f"{arguments.file}: {arguments.seconds:g} s, {sum(watched.counts.values())} readings")


async def replay(arguments: argparse.Namespace) -> None:
    """Print what a recorded trace means."""
    with Path(arguments.file).open(encoding="ascii") as file:  # noqa: ASYNC230  # a tool that does nothing else
        for frame in read_trace(file):
            say(str(frame))


async def report(arguments: argparse.Namespace) -> None:
    """Write one file with all that somebody who wants to help needs to see."""
    trace = io.StringIO()
    async with watch(arguments.tty, trace=trace) as watched:
        await asyncio.sleep(arguments.seconds)
        lines = [f"# {arguments.tty}, {arguments.seconds:g} s", f"identity: {watched.system.identity}"]
        lines += list(_table(watched, arguments.seconds))
        connection = watched.system.connection
        lines.append(f"line: {None if connection is None else connection.statistics.as_dict()}")
        lines.append(f"noise: {None if connection is None else connection.unpacker.skipped} bytes")
    async with open_session(arguments.tty) as session:
        lines.append("\n# variables and settings")
        lines += [line async for line in list_variables(session)]
        lines += [line async for line in list_settings(session)]
    text = "\n".join([*lines, "\n# trace", trace.getvalue()])
    Path(arguments.file).write_text(text, encoding="utf-8")  # noqa: ASYNC240  # a tool that does nothing else
    say(f"{arguments.file}: {len(text.splitlines())} lines")
