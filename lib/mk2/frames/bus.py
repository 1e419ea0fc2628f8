"""Frames that the interface passes on from the bus or sends on its own, and the two that are dangerous.

Field notes: the meaning of types 21 and 38 is not known; they are accepted so that they do not count as noise. After a
power-up of the device a frame of type 00 arrives, and the selected address and the panel lines are forgotten.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from mk2.frames.record import Record

ANY_LENGTH = frozenset(range(0x20))


@dataclass(frozen=True, slots=True)
class Boot(Record):
    """The device was powered up."""

    HEAD: ClassVar[bytes] = b"\x00"
    TAIL: ClassVar[frozenset[int]] = ANY_LENGTH

    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class PanelFrame(Record):
    """What a panel says on the bus: 04 off or sleep, 05 charger, 06 inverter, 07 on or wake up."""

    HEAD: ClassVar[bytes] = b"\x3f"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("B")
    TAIL: ClassVar[frozenset[int]] = ANY_LENGTH

    switch: int
    tail: bytes = b"\x00\x00\x00"


WAKE = PanelFrame(0x07)
"""Wakes a sleeping bus while the interface still has power."""


@dataclass(frozen=True, slots=True)
class BatteryLimits(Record):
    """Reply to the battery limits command; its layout is not known."""

    HEAD: ClassVar[bytes] = b"\x3c"
    TAIL: ClassVar[frozenset[int]] = ANY_LENGTH

    tail: bytes


@dataclass(frozen=True, slots=True)
class BusClock(Record):
    """Type 38: a counter of some kind."""

    HEAD: ClassVar[bytes] = b"\x38"
    TAIL: ClassVar[frozenset[int]] = ANY_LENGTH

    tail: bytes


@dataclass(frozen=True, slots=True)
class BusBroadcast(Record):
    """Type 21: unknown."""

    HEAD: ClassVar[bytes] = b"\x21"
    TAIL: ClassVar[frozenset[int]] = ANY_LENGTH

    tail: bytes


@dataclass(frozen=True, slots=True)
class DeviceReset(Record):
    """Restart the device with this address, 0 for all. The AC output drops. Address words: upper half first."""

    HEAD: ClassVar[bytes] = b"\xffF\x08"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<HH")

    address_high: int = 0
    address_low: int = 0
