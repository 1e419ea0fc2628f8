"""What a device's shell has to do on D-Bus, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

Work = Callable[[], Awaitable[None]]


class Losable(Protocol):
    """Something with a bus connection."""

    async def wait_lost(self) -> None:
        """Raise BusLost when the connection ends by itself."""


class Todo:
    """A queue of work. What is put in comes out in the same order, each once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: asyncio.Queue[Work] = asyncio.Queue()

    def put(self, work: Work) -> None:
        """Have something done."""
        self._queue.put_nowait(work)

    async def next(self, connection: Losable | None) -> Work:
        """Wait for the next work. Raises BusLost when the connection ends before there is any."""
        if connection is None:
            return await self._queue.get()
        get = asyncio.create_task(self._queue.get(), name=f"{self._name} to do")
        lost = asyncio.create_task(connection.wait_lost(), name=f"{self._name} bus")
        try:
            await asyncio.wait((get, lost), return_when=asyncio.FIRST_COMPLETED)
            if not get.done():
                lost.result()
                return await get  # the connection was closed on purpose
            return get.result()
        finally:
            lost.cancel()
            get.cancel()
            await asyncio.gather(lost, get, return_exceptions=True)
