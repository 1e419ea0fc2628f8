"""Plays a trace of `modbus-client --record` back: a user's device becomes a test.

A request is answered as it was in the trace, in the order of the trace, beginning again at its end; what the trace has
no answer for stays unanswered. Frames of TCP, UDP and RTU lines are understood.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulators.modbus.rtu import crc16

if TYPE_CHECKING:
    from pathlib import Path

MBAP_BYTES = 7


@dataclass
class ReplayStation:
    """One unit of a trace; stands where a Station does."""

    answers: dict[bytes, list[bytes]] = field(default_factory=dict)  # request to its replies, both without framing
    requests: int = 0
    _next: dict[bytes, int] = field(default_factory=dict)

    async def reply(self, pdu: bytes) -> bytes | None:
        """Return the next recorded answer."""
        self.requests += 1
        answers = self.answers.get(pdu)
        if not answers:
            return None
        place = self._next.get(pdu, 0)
        self._next[pdu] = (place + 1) % len(answers)
        return answers[place]

    def spoil(self, frame: bytes) -> bytes:
        """Return the frame as it is."""
        return frame


def load_trace(path: Path) -> dict[int, ReplayStation]:
    """Return the units of a trace. Lines that are none are refused with ValueError, which names the line."""
    units: dict[int, ReplayStation] = {}
    asked, received = b"", b""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            _, arrow, digits = line.split(" ", 2)
            data = bytes.fromhex(digits)
        except ValueError:
            raise ValueError(f"{path}:{number}: expected 'seconds > or < bytes'") from None
        if arrow == ">":
            _keep(units, asked, received)
            asked, received = data, b""
        else:
            received += data
    _keep(units, asked, received)
    return units


def _keep(units: dict[int, ReplayStation], asked: bytes, received: bytes) -> None:
    request, reply = _open(asked), _open(received)
    if request and reply:
        station = units.setdefault(request[0], ReplayStation())
        station.answers.setdefault(request[1:], []).append(reply[1:])


def _open(frame: bytes) -> bytes:
    """Return unit and message of a frame; nothing for a damaged one."""
    if len(frame) > MBAP_BYTES and frame[2:4] == b"\0\0" and int.from_bytes(frame[4:6], "big") == len(frame) - 6:
        return frame[6:]
    return frame[:-2] if len(frame) > 3 and crc16(frame) == b"\0\0" else b""  # noqa: PLR2004 - unit, function, checksum
