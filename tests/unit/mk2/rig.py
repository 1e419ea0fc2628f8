"""A session with a simulated MultiPlus in simulated time."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mk2.connection import VEBusConnection
from mk2.control import Control, Permissions
from mk2.identity import identify
from mk2.reading import INFO_SCALES
from mk2.session import POWERS, VEBusSession
from mk2.system import LinkState, SystemOptions, VEBusSystem
from simulators.multiplus.assembly import Layout, assemble
from simulators.multiplus.memory_line import MemoryLine
from simulators.multiplus.simulated_time import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mk2.identity import Identity
    from simulators.multiplus.interface import Interface

ALL = Permissions(off_without_standby=True, ram_variables=True, settings=True, eeprom=True, reset=True)


@dataclass
class Rig:
    interface: Interface
    line: MemoryLine
    connection: VEBusConnection
    session: VEBusSession
    messages: list[Any]

    async def identify(self) -> Identity:
        return await identify(self.session)


@asynccontextmanager
async def connect(layout: Layout | None = None, *, ready: bool = True) -> AsyncIterator[Rig]:
    """Connect to a simulated system; `ready` selects the device and learns the scales."""
    interface = assemble(layout)
    line = MemoryLine(interface)
    messages: list[Any] = []
    async with VEBusConnection(line, on_message=messages.append, on_leds=messages.append) as connection:
        session = VEBusSession(connection)
        if ready:
            await session.select(0)
            await asyncio.gather(*(session.ram_info(var) for var in (*INFO_SCALES, *POWERS)))
        yield Rig(interface, line, connection, session, messages)


@dataclass
class Watched:
    """A running `VEBusSystem` and what it has given so far."""

    interface: Interface
    system: VEBusSystem
    lines: list[MemoryLine] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    last: dict[str, Any] = field(default_factory=dict)
    states: list[LinkState] = field(default_factory=list)

    def give(self, name: str, reading: object) -> None:
        self.counts[name] += 1
        self.last[name] = reading

    async def wait_state(self, state: LinkState, limit_s: float = 60) -> None:
        async with asyncio.timeout(limit_s):
            while self.system.state is not state:  # noqa: ASYNC110  # in simulated time this costs nothing
                await asyncio.sleep(0.05)


@asynccontextmanager
async def watch(layout: Layout | None = None, options: SystemOptions | None = None) -> AsyncIterator[Watched]:
    """Run a system until it is left; lines are opened anew as often as it asks."""
    interface = assemble(layout)
    lines: list[MemoryLine] = []

    async def open_line() -> MemoryLine:
        lines.append(MemoryLine(interface))
        return lines[-1]

    watched: Watched
    system = VEBusSystem(
        open_line,
        lambda name, reading: watched.give(name, reading),  # noqa: PLW0108  # made below
        on_state=lambda state: watched.states.append(state),  # noqa: PLW0108  # made below
        options=options,
    )
    watched = Watched(interface, system, lines)
    task = asyncio.create_task(system.run())
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()


def controlled(
    action: Callable[[Rig, Control], Awaitable[Any]],
    permissions: Permissions | None = None,
    layout: Layout | None = None,
    **options: Any,
) -> Rig:
    async def main() -> Rig:
        async with connect(layout) as rig:
            await action(rig, Control(rig.session, permissions or Permissions(), **options))
            return rig

    return run(main())
