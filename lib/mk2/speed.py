"""Finds out at which speed an interface talks, and makes it faster."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from mk2.errors import NoReply
from mk2.frames.interface import HighSpeed
from mk2.line import FAST_BAUD, SLOW_BAUD
from mk2.session import VEBusSession

if TYPE_CHECKING:
    from mk2.connection import VEBusConnection
    from mk2.frames.interface import Version

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Questions at one speed before the other is tried: once missed is nothing."""

AUTOBAUD = b"UUUUU"
"""What the interface measures the new speed by."""

SWITCH_S = 0.05
SETTLE_S = 0.1


async def wait_for_answer(connection: VEBusConnection) -> Version:
    """Return the interface's version, asked for at one speed and the other in turn; for ever if need be."""
    session = VEBusSession(connection)
    attempts = 0
    while True:
        with contextlib.suppress(NoReply):
            return await session.version()
        attempts += 1
        if attempts == ATTEMPTS:
            log.info("%s: no answer; the VE.Bus system is off or asleep", connection.line.name)
        if attempts % ATTEMPTS == 0:
            connection.line.set_baudrate(SLOW_BAUD if connection.line.baudrate != SLOW_BAUD else FAST_BAUD)


async def speed_up(connection: VEBusConnection) -> None:
    """Switch an MK3 to 115200 baud; back to 2400 if nobody answers there."""
    connection.send(HighSpeed())
    await asyncio.sleep(SWITCH_S)
    connection.line.set_baudrate(FAST_BAUD)
    connection.line.write(AUTOBAUD)
    await asyncio.sleep(SETTLE_S)
    session = VEBusSession(connection)
    for _ in range(ATTEMPTS):
        with contextlib.suppress(NoReply):
            await session.version()
            log.info("%s: at %d baud from now on", connection.line.name, FAST_BAUD)
            return
    log.warning("%s: no answer at %d baud; staying at %d", connection.line.name, FAST_BAUD, SLOW_BAUD)
    connection.line.set_baudrate(SLOW_BAUD)
