"""Messages to and from the interface itself: version, address, speed, reset.

Field notes: the interface repeats its version unasked while the line is idle, once a second or so, and stops while
other traffic flows; it is a sign of life and not a clock. Version 113xxxx is an MK2, 117xxxx an MK3. In the version
frame the last byte is a mode ('W' winmon, 'B' VE.Bus) on an MK3 and the current address on an MK2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from mk2.frames.record import Record


@dataclass(frozen=True, slots=True)
class VersionRequest(Record):
    """Ask for the version of the interface."""

    HEAD: ClassVar[bytes] = b"\xffV"


@dataclass(frozen=True, slots=True)
class Version(Record):
    """Version of the interface, asked for or not."""

    HEAD: ClassVar[bytes] = b"\xffV"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<IB")

    version: int
    mode: int

    @property
    def product_id(self) -> int:
        """0x1130 for an MK2, 0x1170 for an MK3: the first four decimal digits, read as hexadecimal."""
        return int(str(self.version // 1000), 16)

    @property
    def is_mk3(self) -> bool:
        """Tell an MK3 (buffers several requests, has the standby line) from an MK2."""
        return self.version // 1000 >= 1170  # noqa: PLR2004  # first version number of the MK3 family

    def is_valid(self) -> bool:
        """Interfaces count from 1.1 million; anything else is noise with a lucky checksum."""
        return 1_000_000 <= self.version < 2_000_000  # noqa: PLR2004  # seven digits beginning with 1


@dataclass(frozen=True, slots=True)
class AddressSet(Record):
    """Select the device that the following commands mean. Lost when the device is powered up."""

    HEAD: ClassVar[bytes] = b"\xffA\x01"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("B")

    address: int


@dataclass(frozen=True, slots=True)
class AddressRequest(Record):
    """Ask which device is selected."""

    HEAD: ClassVar[bytes] = b"\xffA\x00"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("B")

    zero: int = 0


@dataclass(frozen=True, slots=True)
class Address(Record):
    """The device that is selected, as the reply to both address commands; some firmware appends 00."""

    HEAD: ClassVar[bytes] = b"\xffA"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("BB")
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1})

    action: int
    address: int
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class InterfaceReset(Record):
    """Restart the interface. Takes two seconds or so, of which nothing can be said; avoid."""

    HEAD: ClassVar[bytes] = b"\xffR"


@dataclass(frozen=True, slots=True)
class HighSpeed(Record):
    """Switch an MK3 to 115200 baud. No command leads back: only loss of its power does."""

    HEAD: ClassVar[bytes] = b"\xffN"
