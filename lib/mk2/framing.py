"""Frames on the serial line: bytes in, frames out, and the other way round.

A frame is ``LEN payload.. CHK``: LEN counts the payload, whose first byte is the frame type. There is no start byte, so
a receiver finds frames by trying every position: a plausible LEN, a known type behind it, and a checksum that fits.

Divergences from the vendor's document, as observed on MK2 (113xxxx) and MK3 (117xxxx) interfaces:

- LEN with bit 7 set announces two LED bytes (on, blink) at the end of the payload, included in LEN & 0x7F.
- Types 21, 38, 3D and 3F are sealed with a second checksum, see `checksum`.
- A frame of type 00 appears after the device was powered up.
- Single bytes of 00 may lie between frames.
"""

from __future__ import annotations

from dataclasses import dataclass

COMMAND = 0xFF
"""Type of commands to the interface and of its replies; a letter follows."""

NIBBLE_SUMMED_TYPES = frozenset({0x21, 0x38, 0x3D, 0x3F})
KNOWN_TYPES = frozenset({0x00, 0x20, 0x21, 0x38, 0x3C, 0x3D, 0x3F, 0x41, COMMAND})

LED_FLAG = 0x80
LED_SIZE = 2

MIN_LENGTH = 2
"""Type and one byte: the shortest payload seen, e.g. the request for the version."""

MAX_LENGTH = 0x20
"""The longest reply known has 0x0F bytes; twice that leaves room, and a false LEN blocks for 140 ms at most."""

_TOTALS = tuple(
    (n & 0x7F) + 2
    if MIN_LENGTH + (LED_SIZE if n & LED_FLAG else 0) <= (n & 0x7F) <= MAX_LENGTH + (LED_SIZE if n & LED_FLAG else 0)
    else 0
    for n in range(256)
)
_NIBBLE_SWAPPED = bytes((n << 4 | n >> 4) & 0xFF for n in range(256))


def checksum(head: bytes) -> int:
    """Return the byte that completes LEN and payload.

    Normally all bytes of a frame add up to 0 modulo 256. For the types in `NIBBLE_SUMMED_TYPES` the bytes at positions
    1, 3 and 5 of the frame count a second time with their nibbles swapped.
    """
    total = sum(head)
    if head[1] in NIBBLE_SUMMED_TYPES:
        total += sum(_NIBBLE_SWAPPED[byte] for byte in head[1:6:2])
    return -total & 0xFF


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `payload` begins with the type; `leds` are the two appended LED bytes, if there were any."""

    payload: bytes
    leds: bytes | None = None

    def encode(self, *, pad: bool = False) -> bytes:
        """Return the bytes for the wire.

        Args:
            pad: append 00 to a payload that ends in FF, which interfaces before version 1130128 need.

        Raises:
            ValueError: the payload is too short or too long, or does not begin with a known type.
        """
        payload = self.payload
        if pad and payload[-1:] == b"\xff":
            payload += b"\x00"
        if not MIN_LENGTH <= len(payload) <= MAX_LENGTH or payload[0] not in KNOWN_TYPES:
            raise ValueError(f"not a frame: {payload.hex(' ')}")
        if self.leds is None:
            head = bytes([len(payload)]) + payload
        elif len(self.leds) == LED_SIZE:
            head = bytes([len(payload) + LED_SIZE | LED_FLAG]) + payload + self.leds
        else:
            raise ValueError(f"{LED_SIZE} LED bytes expected, not {len(self.leds)}")
        return head + bytes([checksum(head)])


class FrameUnpacker:
    """Finds the frames in a stream that may be cut anywhere and dirty anywhere.

    A position that turns out not to begin a frame costs one byte, so a damaged frame never takes the next one with it.

    Attributes:
        accepted: frames found so far.
        skipped: bytes dropped so far because no frame began there.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.skipped = 0
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of the stream; return the frames they complete. Never raises."""
        self._buffer += data
        return self._scan()

    def flush(self) -> list[Frame]:
        """Tell that the line has fallen silent: what waits for more bytes was no frame. Return what it had hidden."""
        found: list[Frame] = []
        while self._buffer:
            self._drop(1)
            found += self._scan()
        return found

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of a frame; at most one frame's worth."""
        return len(self._buffer)

    def _drop(self, count: int) -> None:
        self.skipped += count
        del self._buffer[:count]

    def _scan(self) -> list[Frame]:
        buffer = self._buffer
        found: list[Frame] = []
        start = 0
        used = 0
        end = len(buffer)
        while end - start > 1:
            total = _TOTALS[buffer[start]]
            if total and buffer[start + 1] in KNOWN_TYPES:
                if end - start < total:
                    break
                raw = bytes(buffer[start : start + total])
                if checksum(raw[:-1]) == raw[-1]:
                    found.append(_split(raw))
                    start += total
                    used += total
                    continue
            start += 1
        self.skipped += start - used
        self.accepted += len(found)
        del buffer[:start]
        return found


def _split(raw: bytes) -> Frame:
    if raw[0] & LED_FLAG:
        return Frame(raw[1 : -1 - LED_SIZE], raw[-1 - LED_SIZE : -1])
    return Frame(raw[1:-1])
