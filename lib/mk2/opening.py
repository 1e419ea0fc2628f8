"""Opens a tty and gets a session ready, for programs that run once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mk2.connection import VEBusConnection
from mk2.errors import NoReply
from mk2.line import FAST_BAUD, SLOW_BAUD
from mk2.port import open_port
from mk2.reading import INFO_SCALES
from mk2.session import POWERS, VEBusSession, ask_again

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ATTEMPTS = 4
"""Twice at either speed: an interface that was left at 115200 baud is found."""


@asynccontextmanager
async def open_session(tty: str) -> AsyncIterator[VEBusSession]:
    """Open a tty, select the device and learn the scales; closes the tty at the end.

    Raises:
        PortBusy, LinkLost: the tty cannot be had.
        NoReply: nobody answers.
    """
    async with VEBusConnection(await open_port(tty)) as connection:
        session = VEBusSession(connection)
        await _find_speed(session)
        await session.select(0)
        await asyncio.gather(*(session.ram_info(var) for var in INFO_SCALES))
        for var in POWERS:
            await ask_again(lambda var=var: session.ram_info(var))  # type: ignore[misc]  # bound now
        yield session


async def _find_speed(session: VEBusSession) -> None:
    line = session.connection.line
    for attempt in range(ATTEMPTS):
        try:
            await session.version()
        except NoReply:
            line.set_baudrate(FAST_BAUD if attempt % 2 == 0 else SLOW_BAUD)
        else:
            return
    raise NoReply(f"{line.name}: no answer; the VE.Bus system is off or asleep, or this is no MK2 or MK3")
