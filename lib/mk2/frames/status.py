"""Winmon messages about the device as a whole: version, state, extended status, and the reply to nonsense.

Field note: a version has the decimal digits AABBCCC; read as hexadecimal, AABB is the product id and CCC the firmware
version that other Victron programs show.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from mk2.frames.record import Record


class MainState(IntEnum):
    """What the device is doing."""

    DOWN = 0
    STARTUP = 1
    OFF = 2
    SLAVE = 3
    INVERT_FULL = 4
    INVERT_HALF = 5
    INVERT_AES = 6
    POWER_ASSIST = 7
    BYPASS = 8
    CHARGE = 9


class ChargeState(IntEnum):
    """How it charges, while the main state is `MainState.CHARGE`."""

    INIT = 0
    BULK = 1
    ABSORPTION = 2
    FLOAT = 3
    STORAGE = 4
    REPEATED_ABSORPTION = 5
    FORCED_ABSORPTION = 6
    EQUALISE = 7
    BULK_STOPPED = 8


class ChargeAction(IntEnum):
    """What can be asked with the state request."""

    INQUIRE = 0
    EQUALISE = 1
    ABSORPTION = 2
    FLOAT = 3


class StatusBit(IntEnum):
    """Bits of the extended status whose meaning the dumps of two real systems agree on."""

    AC_IN1_AVAILABLE = 18
    AC_IN2_AVAILABLE = 19


@dataclass(frozen=True, slots=True)
class DeviceVersionLow(Record):
    """Ask for the lower half of the device's version; in long mode the answer is the whole."""

    HEAD: ClassVar[bytes] = b"\x05"
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 2})

    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class DeviceVersionHigh(Record):
    """Ask for the upper half."""

    HEAD: ClassVar[bytes] = b"\x06"
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 2})

    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class VersionLow(Record):
    """Lower half of the version."""

    HEAD: ClassVar[bytes] = b"\x82"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")

    word: int


@dataclass(frozen=True, slots=True)
class VersionWhole(Record):
    """The whole version, in long mode."""

    HEAD: ClassVar[bytes] = b"\x82"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<I")

    version: int


@dataclass(frozen=True, slots=True)
class VersionHigh(Record):
    """Upper half of the version."""

    HEAD: ClassVar[bytes] = b"\x83"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 2})

    word: int
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class StateRequest(Record):
    """Ask for the state, or force one of the charge states."""

    HEAD: ClassVar[bytes] = b"\x0e"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("B")
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1})

    action: int
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class StateReply(Record):
    """Main state and, while charging, the charge state."""

    HEAD: ClassVar[bytes] = b"\x94"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("BB")
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 2})

    state: int
    substate: int
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class ExtendedStatusRequest(Record):
    """Ask for the extended status bits."""

    HEAD: ClassVar[bytes] = b"\x44"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("B")

    selector: int = 0xFF


@dataclass(frozen=True, slots=True)
class ExtendedStatus(Record):
    """Status bits, of which the lowest `valid_bits` mean something."""

    HEAD: ClassVar[bytes] = b"\xa2"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBI")

    selector: int
    valid_bits: int
    flags: int

    def bit(self, number: int) -> bool | None:
        """Return a bit, None when this firmware does not have it."""
        return bool(self.flags >> number & 1) if number < self.valid_bits else None


@dataclass(frozen=True, slots=True)
class NotRecognised(Record):
    """The command was not recognised; bits in the tail say which parameter bytes."""

    HEAD: ClassVar[bytes] = b"\x80"
    TAIL: ClassVar[frozenset[int]] = frozenset(range(5))

    tail: bytes = b""


REQUESTS: tuple[type[Record], ...] = (DeviceVersionLow, DeviceVersionHigh, StateRequest, ExtendedStatusRequest)
REPLIES: tuple[type[Record], ...] = (
    VersionLow,
    VersionWhole,
    VersionHigh,
    StateReply,
    ExtendedStatus,
    NotRecognised,
)
