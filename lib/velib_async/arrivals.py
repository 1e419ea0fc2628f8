"""Waiting for things that arrive by name."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Arrivals(Generic[T]):
    """Holds those who wait for a name, until it arrives or nothing can arrive any more."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[T]]] = {}
        self._error: BaseException | None = None

    async def wait(self, name: str) -> T:
        """Returns what arrives under a name; raises what `fail` is given."""
        if self._error is not None:
            raise self._error
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(name, [])
        waiting.append(future)
        try:
            return await future
        finally:
            waiting.remove(future)
            if not waiting and self._waiting.get(name) is waiting:
                del self._waiting[name]

    def arrive(self, name: str, what: T) -> None:
        """Tells all who wait for a name."""
        for future in self._waiting.pop(name, ()):
            if not future.done():
                future.set_result(what)

    def fail(self, error: BaseException) -> None:
        """Tells everybody, now and later, that nothing arrives any more."""
        self._error = error
        for waiting in self._waiting.values():
            for future in waiting:
                if not future.done():
                    future.set_exception(error)
        self._waiting.clear()
