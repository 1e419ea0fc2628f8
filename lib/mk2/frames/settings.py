"""Winmon messages about settings: values and their limits. Writing is in `mk2.frames.writes`.

Field notes: an unknown setting is answered with 91, or not at all; a value of FFFFh behind 86 means that the setting
exists but does not apply. What is known about a setting comes in one long reply, or, when the interface is in its short
mode, as one reply per figure; a third form repeats a code before every figure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar

from mk2.frames.record import Record

NOT_APPLICABLE = 0xFFFF


@dataclass(frozen=True, slots=True)
class SettingRead(Record):
    """Read a setting."""

    HEAD: ClassVar[bytes] = b"\x31"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")

    id: int


@dataclass(frozen=True, slots=True)
class SettingValue(Record):
    """The raw value of a setting."""

    HEAD: ClassVar[bytes] = b"\x86"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 2})

    value: int
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class SettingUnsupported(Record):
    """There is no such setting."""

    HEAD: ClassVar[bytes] = b"\x91"
    TAIL: ClassVar[frozenset[int]] = frozenset(range(5))

    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class SettingInfoRead(Record):
    """Ask for scale, offset, default and limits of a setting."""

    HEAD: ClassVar[bytes] = b"\x35"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")

    id: int


@dataclass(frozen=True, slots=True)
class SettingInfoReply(Record):
    """All that is known about a setting, raw. The tail, if any, is the access level."""

    HEAD: ClassVar[bytes] = b"\x89"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<hhHHH")
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1, 2})

    scale: int
    offset: int
    default: int
    minimum: int
    maximum: int
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class SettingInfoInterleaved(Record):
    """The same with a code before every figure."""

    HEAD: ClassVar[bytes] = b"\x89"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<hBhBHBHBH")
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1, 2})

    scale: int
    code_offset: int
    offset: int
    code_default: int
    default: int
    code_minimum: int
    minimum: int
    code_maximum: int
    maximum: int
    tail: bytes = b""

    def is_valid(self) -> bool:
        """The codes are 8Ah to 8Dh."""
        codes = (self.code_offset, self.code_default, self.code_minimum, self.code_maximum)
        return codes == (0x8A, 0x8B, 0x8C, 0x8D)

    @property
    def plain(self) -> SettingInfoReply:
        """The same without the codes."""
        return SettingInfoReply(self.scale, self.offset, self.default, self.minimum, self.maximum, self.tail)


@dataclass(frozen=True, slots=True)
class SettingFigure(Record):
    """One figure of a setting, in short mode: 89 scale, 8A offset, 8B default, 8C smallest, 8D largest."""

    HEAD: ClassVar[bytes] = b""
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BH")

    code: int
    value: int

    @classmethod
    def codes(cls) -> tuple[int, ...]:
        """Five codes share this layout."""
        return FIGURE_CODES

    def is_valid(self) -> bool:
        """The code is one of the five."""
        return self.code in FIGURE_CODES


FIGURE_CODES = (0x89, 0x8A, 0x8B, 0x8C, 0x8D)

REQUESTS: tuple[type[Record], ...] = (SettingRead, SettingInfoRead)
REPLIES: tuple[type[Record], ...] = (
    SettingValue,
    SettingUnsupported,
    SettingInfoReply,
    SettingInfoInterleaved,
    SettingFigure,
)
