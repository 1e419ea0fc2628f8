"""Runs an interface by the event loop's clock, real or simulated, and carries its bytes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.multiplus.interface import Interface

PLANT_STEP_S = 1.0


class ClockedInterface:
    """An interface that works by itself: bytes in by `feed`, bytes out through `on_bytes`, when their time has come."""

    def __init__(self, interface: Interface, on_bytes: Callable[[bytes], None]) -> None:
        self.interface = interface
        self._on_bytes = on_bytes
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._plant_at = self._loop.time()

    def feed(self, data: bytes) -> None:
        """Take bytes from the host."""
        self.interface.feed(data, self._loop.time())
        self.run()

    def run(self) -> None:
        """Do what is due and come back when more is."""
        now = self._loop.time()
        if now >= self._plant_at:
            self._plant_at = now + PLANT_STEP_S
            self.interface.plant.advance(now)
        data = self.interface.poll(now)
        if data:
            self._on_bytes(data)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(min(max(self.interface.next_event(), now), self._plant_at), self.run)

    def stop(self) -> None:
        """Fall silent for good."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
