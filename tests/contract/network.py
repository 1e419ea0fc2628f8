"""One bus for a test: in memory, or a real dbus-daemon with either library."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from velib_async.bus import Bus, Library, open_bus
from velib_async.memory import MemoryHub

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.peers.dbus import DBusDaemon

# Generous: what is waited for takes milliseconds, on a machine that has time.
PATIENCE_S = 20.0


class Network:
    """One bus and the test's connections to it."""

    def __init__(self, kind: str, daemon: DBusDaemon | None) -> None:
        self.kind = kind
        self._daemon = daemon
        self._hub = MemoryHub()
        self._buses: list[Bus] = []

    async def connect(self) -> Bus:
        """Opens a connection that the end of the test closes."""
        bus = (
            self._hub.connect() if self._daemon is None else await open_bus(self._daemon.address, library=self._library)
        )
        self._buses.append(bus)
        return bus

    def stop(self) -> None:
        """Ends the bus the hard way."""
        if self._daemon is None:
            self._hub.stop()
        else:
            self._daemon.kill()

    async def close(self) -> None:
        for bus in self._buses:
            await bus.close()

    @property
    def _library(self) -> Library:
        return "dbus_next" if self.kind == "dbus_next" else "dbus_fast"


async def until(condition: Callable[[], Any]) -> None:
    """Waits for a condition to come true."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)
