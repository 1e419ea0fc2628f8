"""Traces of a line: a text file with the bytes of both directions and their times, to keep and to read again.

One line per piece: seconds since the start, ``>`` to the interface or ``<`` from it, the bytes in hexadecimal.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from mk2.frames import parse_command, parse_reply
from mk2.framing import Frame, FrameUnpacker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mk2.line import Line

TO_INTERFACE, FROM_INTERFACE = ">", "<"


class TracedLine:
    """A line whose bytes are written to a file as they pass."""

    def __init__(self, line: Line, file: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = line
        self._file = file
        self._clock = clock
        self._began = clock()

    @property
    def name(self) -> str:
        """What the line is called."""
        return self._line.name

    @property
    def baudrate(self) -> int:
        """Bits per second."""
        return self._line.baudrate

    def set_baudrate(self, baudrate: int) -> None:
        """Change the speed."""
        self._line.set_baudrate(baudrate)

    def start(self, on_data: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        """Begin to listen."""

        def note(data: bytes) -> None:
            self._note(FROM_INTERFACE, data)
            on_data(data)

        self._line.start(note, on_lost)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._note(TO_INTERFACE, data)
        self._line.write(data)

    async def close(self) -> None:
        """Close the line; the file stays open."""
        await self._line.close()

    def _note(self, direction: str, data: bytes) -> None:
        self._file.write(f"{self._clock() - self._began:.4f} {direction} {data.hex(' ')}\n")


@dataclass(frozen=True, slots=True)
class TracedFrame:
    """A frame of a trace, with the time of its last byte."""

    at_s: float
    direction: str
    frame: Frame

    def __str__(self) -> str:
        """Return the frame and its meaning on one line."""
        parse = parse_command if self.direction == TO_INTERFACE else parse_reply
        message = parse(self.frame)
        meaning = f"? {self.frame.payload.hex(' ')}" if message is None else str(message)
        leds = "" if self.frame.leds is None else f" LEDs {self.frame.leds.hex(' ')}"
        return f"{self.at_s:10.4f} {self.direction} {meaning}{leds}"


def read_trace(lines: Iterable[str]) -> Iterator[TracedFrame]:
    """Yield the frames of a trace.

    Raises:
        ValueError: a line is not of a trace.
    """
    unpackers = {TO_INTERFACE: FrameUnpacker(), FROM_INTERFACE: FrameUnpacker()}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            at, direction, raw = line.split(maxsplit=2)
            frames = unpackers[direction].feed(bytes.fromhex(raw))
            seconds = float(at)
        except (ValueError, KeyError):
            raise ValueError(f"line {number} is not of a trace: {line.strip()[:60]!r}") from None
        for frame in frames:
            yield TracedFrame(seconds, direction, frame)
