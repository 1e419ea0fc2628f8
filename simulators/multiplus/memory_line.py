"""An interface as a line inside the process, for simulated time: no tty, no real clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from simulators.multiplus.clocked import ClockedInterface

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.multiplus.interface import Interface


class MemoryLine:
    """A wire to `interface`; at another speed than the interface's nothing comes through, in either direction."""

    def __init__(self, interface: Interface, *, baudrate: int = 2400) -> None:
        self.name = "memory"
        self.baudrate = baudrate
        self.is_lost = False
        self._interface = interface
        self._clocked: ClockedInterface | None = None
        self._on_data: Callable[[bytes], None] | None = None
        self._on_lost: Callable[[], None] | None = None

    def set_baudrate(self, baudrate: int) -> None:
        """Change the host's speed."""
        self.baudrate = baudrate

    def start(self, on_data: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        """Begin to carry bytes."""
        self._on_data, self._on_lost = on_data, on_lost
        self._clocked = ClockedInterface(self._interface, self._deliver)
        self._clocked.run()

    def write(self, data: bytes) -> None:
        """Carry bytes to the interface."""
        if self._clocked is not None and not self.is_lost and self._interface.baudrate == self.baudrate:
            self._clocked.feed(data)

    def unplug(self) -> None:
        """End the line as a pulled plug does."""
        self._stop()
        if self._on_lost is not None:
            self._on_lost()

    async def close(self) -> None:
        """End the line from our side."""
        self._stop()
        await asyncio.sleep(0)

    def _stop(self) -> None:
        self.is_lost = True
        if self._clocked is not None:
            self._clocked.stop()

    def _deliver(self, data: bytes) -> None:
        if self._on_data is not None and not self.is_lost and self._interface.baudrate == self.baudrate:
            self._on_data(data)
