"""Runs a system for a while and collects what it says."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TextIO

from mk2.errors import NoReply
from mk2.port import open_port
from mk2.system import LinkState, SystemOptions, VEBusSystem
from mk2.trace import TracedLine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mk2.line import Line

START_LIMIT_S = 30.0


class Watch:
    """A running system, its latest readings and how often each came."""

    def __init__(self, tty: str, *, trace: TextIO | None = None, options: SystemOptions | None = None) -> None:
        self.latest: dict[str, object] = {}
        self.counts: dict[str, int] = {}
        self.is_running = asyncio.Event()
        self.system = VEBusSystem(self._open, self._take, on_state=self._note, options=options)
        self._tty = tty
        self._trace = trace

    async def _open(self) -> Line:
        line = await open_port(self._tty)
        return line if self._trace is None else TracedLine(line, self._trace)

    def _take(self, name: str, reading: object) -> None:
        self.latest[name] = reading
        self.counts[name] = self.counts.get(name, 0) + 1

    def _note(self, state: LinkState) -> None:
        if state is LinkState.RUNNING:
            self.is_running.set()
        else:
            self.is_running.clear()


@asynccontextmanager
async def watch(tty: str, *, trace: TextIO | None = None, options: SystemOptions | None = None) -> AsyncIterator[Watch]:
    """Run a system; entering waits until it is identified.

    Raises:
        NoReply: nobody answers within `START_LIMIT_S`.
        PortBusy, LinkLost: the tty cannot be had.
    """
    await (await open_port(tty)).close()  # to say at once what is wrong with it
    watched = Watch(tty, trace=trace, options=options)
    task = asyncio.create_task(watched.system.run(), name="mk2 tool")
    try:
        try:
            async with asyncio.timeout(START_LIMIT_S):
                await watched.is_running.wait()
        except TimeoutError:
            raise NoReply(f"{tty}: no answer; the VE.Bus system is off or asleep, or this is no MK2 or MK3") from None
        yield watched
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
