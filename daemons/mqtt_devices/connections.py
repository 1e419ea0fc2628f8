"""How many connections to the bus may still be opened: all of Venus lives on the same 256."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mqtt_devices.errors import Reason, Rejected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from velib_async.bus import Bus

# libdbus' default max_connections_per_user, which Venus leaves alone; everything there runs as root.
MAX_CONNECTIONS = 256
# Left to Venus: its own programs, the dbus command line, drivers that start later.
RESERVED = 64
# The names are counted anew after this many connections of our own, others open theirs meanwhile; and not before a part
# of the room is taken, as the answer names everybody: with much room left that would be what a registration costs most.
_COUNT_EVERY = 8
_COUNT_PART = 4


class ConnectionBudget:
    """Counts connections before one is opened.

    The bus daemon's own figures (org.freedesktop.DBus.Debug.Stats) are compiled out or forbidden in many builds, so
    the unique names (":1.42") of ListNames are counted: one for each connection.

    Args:
        bus: any connection, for asking.
        limit: never use more than these, everybody's included.
    """

    def __init__(self, bus: Bus, *, limit: int = MAX_CONNECTIONS - RESERVED) -> None:
        self._bus = bus
        self._limit = limit
        self._counting = asyncio.Lock()
        self._counted = 0  # everybody's, when last counted
        self._opened = _COUNT_EVERY  # our own since then
        self._count_at = _COUNT_EVERY
        self._opening = 0  # let through, perhaps not connected yet

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Allow one more connection, which is to be opened inside the block.

        Raises:
            Rejected: there are none left to spare.
            VelibError: the bus does not answer.
        """
        await self._take()
        try:
            yield
            self._opened += 1
        finally:
            self._opening -= 1

    async def _take(self) -> None:
        async with self._counting:
            if self._opened >= self._count_at or self._in_use >= self._limit:
                already_opened = self._opened
                (names,) = await self._bus.call(
                    "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames"
                )
                self._counted = sum(name.startswith(":") for name in names)
                # Those opened while the bus answered may be missing in its answer: better counted twice than never.
                self._opened -= already_opened
                self._count_at = max(_COUNT_EVERY, (self._limit - self._in_use) // _COUNT_PART)
            if self._in_use >= self._limit:
                rule = f"D-Bus connections are spent: {self._in_use} in use, {self._limit} may be; unregister something"
                raise Rejected(Reason.CONNECTION_LIMIT, "", rule)
            self._opening += 1

    @property
    def _in_use(self) -> int:
        return self._counted + self._opened + self._opening
