"""Other VE.Bus services on the bus: the vendor's own driver keeps its place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from velib_async.client import Monitor, Service

if TYPE_CHECKING:
    from velib_async.bus import Bus

TYPE = "com.victronenergy.vebus"


class _VebusService(Service):
    servicetype = TYPE


class Neighbours(Monitor):
    """Knows which other programs publish a VE.Bus system.

    Attributes:
        is_published: the service called `ours` is ourselves; otherwise that name, too, is somebody else.
    """

    def __init__(self, bus: Bus, ours: str) -> None:
        super().__init__(bus, None, {TYPE: _VebusService})
        self.is_published = False
        self._ours = ours
        self._names: set[str] = set()
        self._changed = asyncio.Event()

    async def serviceAdded(self, service: Any) -> None:  # noqa: N802  # the library's name
        """Note a service that has come."""
        self._names.add(service.name)
        self._changed.set()

    async def serviceRemoved(self, service: Any) -> None:  # noqa: N802  # the library's name
        """Note a service that has gone."""
        self._names.discard(service.name)
        self._changed.set()

    @property
    def others(self) -> set[str]:
        """Names of the other services."""
        return self._names - {self._ours} if self.is_published else set(self._names)

    async def wait_others(self, *, there: bool) -> None:
        """Wait until another service is there, or none is any more; returns at once when that is so."""
        while bool(self.others) is not there:
            self._changed.clear()
            await self._changed.wait()
