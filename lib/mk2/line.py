"""What a connection needs of the wire, so that it can be a tty, a pty or a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

SLOW_BAUD = 2400
FAST_BAUD = 115200
BITS_PER_BYTE = 10
"""8N1: a start bit and a stop bit go with every byte."""


class Line(Protocol):
    """A wire that carries bytes both ways."""

    @property
    def name(self) -> str:
        """What to call it in messages, e.g. the path of the tty."""

    @property
    def baudrate(self) -> int:
        """Bits per second."""

    def set_baudrate(self, baudrate: int) -> None:
        """Change the speed at once."""

    def start(self, on_data: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        """Say who takes the bytes, and who hears, once, that the line has ended."""

    def write(self, data: bytes) -> None:
        """Queue bytes for sending. On a line that has ended this does nothing."""

    async def close(self) -> None:
        """Give the line back. May be called again."""
