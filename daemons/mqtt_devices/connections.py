"""How many connections to the bus may still be opened: all of Venus lives on the same 256."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqtt_devices.errors import Reason, Rejected

if TYPE_CHECKING:
    from velib_async.bus import Bus

# libdbus' default max_connections_per_user, which Venus leaves alone; everything there runs as root.
MAX_CONNECTIONS = 256
# Left to Venus: its own programs, the dbus command line, drivers that start later.
RESERVED = 64
# The names are counted anew after this many connections of our own; others open theirs meanwhile.
_COUNT_EVERY = 8


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
        self._counted = 0
        self._since = _COUNT_EVERY

    async def take(self) -> None:
        """Allow one more connection.

        Raises:
            Rejected: there are none left to spare.
            VelibError: the bus does not answer.
        """
        if self._since >= _COUNT_EVERY or self._counted + self._since >= self._limit:
            (names,) = await self._bus.call(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames"
            )
            self._counted = sum(name.startswith(":") for name in names)
            self._since = 0
        if self._counted + self._since >= self._limit:
            rule = f"D-Bus connections are spent: {self._counted} in use, {self._limit} may be; unregister something"
            raise Rejected(Reason.CONNECTION_LIMIT, "", rule)
        self._since += 1
