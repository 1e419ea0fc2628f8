"""Frames, seen from the device: seals replies and cuts what the host sends into commands."""

from __future__ import annotations

ODD = (0x21, 0x38, 0x3D, 0x3F)
KNOWN = (*ODD, 0xFF, 0x20, 0x41, 0x3C, 0x00)
SHORTEST = 4


def _sum(raw: bytes) -> int:
    total = sum(raw)
    if raw[1] in ODD:
        for position in (1, 3, 5):
            if position < len(raw):
                total += (raw[position] & 0x0F) * 16 + raw[position] // 16
    return total % 256


def seal(payload: bytes, leds: bytes = b"") -> bytes:
    """Return a payload as a frame, with LED bytes appended and announced if given."""
    length = len(payload) + len(leds)
    body = bytes([length + (0x80 if leds else 0)]) + payload + leds
    return body + bytes([(256 - _sum(body)) % 256])


class CommandStream:
    """Finds the host's commands; like the real thing it forgets a byte whenever nothing fits."""

    def __init__(self) -> None:
        self._bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, return the payloads of the frames they complete."""
        self._bytes += data
        found = []
        while len(self._bytes) >= SHORTEST:
            length = self._bytes[0]
            if not 2 <= length <= 16 or self._bytes[1] not in (0xFF, 0x3F):  # noqa: PLR2004  # a host sends no longer frame
                self._bytes = self._bytes[1:]
                continue
            raw = self._bytes[: length + 2]
            if len(raw) < length + 2:
                break
            if (_sum(raw[:-1]) + raw[-1]) % 256:
                self._bytes = self._bytes[1:]
                continue
            found.append(raw[1:-1])
            self._bytes = self._bytes[length + 2 :]
        return found


def read_frames(data: bytes) -> list[bytes]:
    """Return the payloads of all frames, of either direction, LED bytes taken off; what is no frame is passed over."""
    found, at = [], 0
    while at + SHORTEST <= len(data):
        length = data[at] & 0x7F
        raw = data[at : at + length + 2]
        is_frame = length >= 2 and len(raw) == length + 2 and not (_sum(raw[:-1]) + raw[-1]) % 256  # noqa: PLR2004
        if is_frame and raw[1] in KNOWN:
            found.append(raw[1 : -3 if data[at] & 0x80 else -1])
            at += len(raw)
        else:
            at += 1
    return found
