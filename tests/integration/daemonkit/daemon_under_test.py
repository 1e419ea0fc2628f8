"""A daemon whose behaviour the tests choose by an argument: run as a program, it is daemonkit's own guinea pig."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from daemonkit import daemon, stopping, watchdog, yamlfile
from daemonkit.errors import DefinitionError, LinkLost
from daemonkit.program import Program

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from daemonkit.context import Context


class BusGone(Exception):  # noqa: N818 (stands for velib_async's BusLost)
    """An end that the program says is no bug."""


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


async def serve(_: Context) -> None:
    say("serving")
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.05)
        say("cleaned up")


async def stubborn(_: Context) -> None:
    while True:
        try:
            say("serving")
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            say("not me")


async def deadlock_when_cancelled(_: Context) -> None:
    try:
        say("serving")
        await asyncio.Event().wait()
    finally:
        threading.Lock().acquire()
        threading.Event().wait()


async def block(_: Context) -> None:
    say("serving")
    time.sleep(600)  # noqa: ASYNC251 (the fault that the watchdog is for)


async def spin(_: Context) -> None:
    say("serving")
    while True:
        pass


async def pause(context: Context) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
    await serve(context)


async def bug(_: Context) -> None:
    raise ZeroDivisionError("of a device")


async def bug_in_group(_: Context) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(fail(LinkLost("port vanished")))
        group.create_task(fail(ZeroDivisionError("of a device")))


async def lose_bus(_: Context) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(fail(BusGone("connection closed")))
        group.create_task(fail(LinkLost("port vanished")))


async def fail(error: Exception) -> None:
    raise error


async def bad_definition(_: Context) -> None:
    raise DefinitionError("services.yml:12", "type", "is unknown")


async def end(_: Context) -> None:
    say("nothing to do")


async def cancel_itself(_: Context) -> None:
    raise asyncio.CancelledError


async def exhaust_memory(_: Context) -> None:
    raise MemoryError


async def leave_task(_: Context) -> None:
    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            say("lingering task ended")

    task = asyncio.create_task(linger(), name="linger")
    await asyncio.sleep(0)
    say(f"left {task.get_name()}")
    raise LinkLost("port vanished")


BEHAVIOURS = {
    f.__name__: f
    for f in (
        serve, stubborn, deadlock_when_cancelled, block, spin, pause, bug, bug_in_group, lose_bus, bad_definition, end,
        cancel_itself, exhaust_memory, leave_task,
    )
}  # fmt: skip


async def main(context: Context) -> None:
    context.status.update(behaviour=context.arguments.behaviour, configured=dict(context.config))
    await BEHAVIOURS[context.arguments.behaviour](context)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("behaviour", nargs="?", choices=BEHAVIOURS, default="serve")
    parser.add_argument("--limit", type=float, help="seconds that replace the limits of watchdog and good run")
    parser.add_argument("--stop-limit", type=float, help="seconds that replace the limit for stopping")


def check(context: Context, file: Path | None) -> list[str]:
    mapping = context.config if file is None else yamlfile.load(file)
    return [f"{mapping.file}: {len(mapping)} keys"]


def shorten_limits() -> None:
    """Make the tests short: `run` reads the arguments later than the limits are needed."""
    if "--limit" in sys.argv:
        limit = float(sys.argv[sys.argv.index("--limit") + 1])
        watchdog.STALL_LIMIT_S = watchdog.GRACE_S = daemon.GOOD_RUN_S = limit
        watchdog.BEAT_S = limit / 4
    if "--stop-limit" in sys.argv:
        stopping.STOP_LIMIT_S = float(sys.argv[sys.argv.index("--stop-limit") + 1])


if __name__ == "__main__":
    shorten_limits()
    sys.exit(daemon.run(Program("guinea-pig", "A test.", main, add_arguments, check, expected=(BusGone,))))
