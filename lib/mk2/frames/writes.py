"""Winmon messages that change something in the device.

Field notes: 33 followed by 34 writes a setting to EEPROM, which wears. 37 does it in one step and has a flag that
leaves the EEPROM alone; the meaning of its flags was found twice the wrong way round in public code, so: bit 0 setting,
bit 1 RAM only. Acknowledgements come bare or with 00 00 behind, and for ids from 128 on often not at all: read back.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from mk2.frames.record import Record


class WriteTarget(IntEnum):
    """Flags of the one-step write."""

    RAM_VARIABLE = 0x00
    SETTING_EEPROM = 0x01
    SETTING_RAM = 0x03


@dataclass(frozen=True, slots=True)
class RamSelect(Record):
    """First of two steps: the variable that the following value is for."""

    HEAD: ClassVar[bytes] = b"\x32"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")

    id: int


@dataclass(frozen=True, slots=True)
class SettingSelect(Record):
    """First of two steps: the setting that the following value is for. The second step wears the EEPROM."""

    HEAD: ClassVar[bytes] = b"\x33"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")

    id: int


@dataclass(frozen=True, slots=True)
class ValueWrite(Record):
    """Second of two steps: the value."""

    HEAD: ClassVar[bytes] = b"\x34"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")

    value: int


@dataclass(frozen=True, slots=True)
class WriteById(Record):
    """Write a variable or setting in one step."""

    HEAD: ClassVar[bytes] = b"\x37"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBH")

    target: int
    id: int
    value: int


@dataclass(frozen=True, slots=True)
class RamWritten(Record):
    """The variable was written."""

    HEAD: ClassVar[bytes] = b"\x87"
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1, 2})

    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class SettingWritten(Record):
    """The setting was written."""

    HEAD: ClassVar[bytes] = b"\x88"
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1, 2})

    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class AccessLevelRequired(Record):
    """The setting is protected."""

    HEAD: ClassVar[bytes] = b"\x9b"
    TAIL: ClassVar[frozenset[int]] = frozenset(range(4))

    tail: bytes = b""


REQUESTS: tuple[type[Record], ...] = (RamSelect, SettingSelect, ValueWrite, WriteById)
REPLIES: tuple[type[Record], ...] = (RamWritten, SettingWritten, AccessLevelRequired)
