"""VregLink: Victron's register protocol through a window of holding registers, with function 23.

The window of a meter starts at 0x4000. Written: id, byte length, data; to select a vreg for
reading only its id. Read: id, status, byte length, data. Bytes lie most significant first, odd lengths are padded.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modbus_client.protocol.errors import ValueRefused
from modbus_client.protocol.request import Exchange, Outcome, Reply

if TYPE_CHECKING:
    from modbus_client.protocol.steps import Steps

SUCCESS = 0
READ_FAILED = 0x8000
WRITE_FAILED = 0x8100
_HEAD_READ = 3
_HEAD_WRITE = 2
DESCRIPTION = 0x010C
"""The name that a user gives a product."""


@dataclass(frozen=True, slots=True)
class Window:
    """Where VregLink lies in a device."""

    at: int
    size: int  # registers for data

    def select(self, vreg: int) -> Exchange:
        """Return the request that reads a vreg."""
        return Exchange(self.at, (vreg,), _HEAD_READ + self.size)

    def write(self, vreg: int, data: bytes) -> Exchange:
        """Return the request that sets a vreg. Raises ValueRefused when the data is larger than the window."""
        if len(data) > 2 * self.size:
            raise ValueRefused(f"{len(data)} bytes are more than the {2 * self.size} of a vreg")
        words = struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
        return Exchange(self.at, (vreg, len(data), *words), _HEAD_WRITE)

    def get(self, vreg: int) -> Steps[tuple[int, bytes]]:
        """Ask for a vreg: status and data; READ_FAILED without data when there is no usable answer."""
        outcome = yield self.select(vreg)
        return parse_reading(vreg, outcome)

    def set(self, vreg: int, data: bytes) -> Steps[tuple[int, bytes]]:
        """Set a vreg: status and no data; WRITE_FAILED when there is no usable answer."""
        try:
            request = self.write(vreg, data)
        except ValueRefused:
            return WRITE_FAILED, b""
        outcome = yield request
        return parse_writing(vreg, outcome), b""


def parse_reading(vreg: int, outcome: Outcome) -> tuple[int, bytes]:
    """Return status and data of a selected vreg. A value longer than the window comes truncated."""
    if not isinstance(outcome, Reply) or len(outcome.words) < _HEAD_READ or outcome.words[0] != vreg:
        return READ_FAILED, b""
    _, status, size, *words = outcome.words
    if status != SUCCESS:
        return status, b""
    return SUCCESS, struct.pack(f">{len(words)}H", *words)[:size]


def parse_writing(vreg: int, outcome: Outcome) -> int:
    """Return the status of a vreg that was set."""
    if not isinstance(outcome, Reply) or len(outcome.words) < _HEAD_WRITE or outcome.words[0] != vreg:
        return WRITE_FAILED
    return outcome.words[1]
