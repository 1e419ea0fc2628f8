"""Switch position, shore current limit and panel lines: the commands that can stop an inverter.

Field notes: S sends position, limit and flags in one go, so whoever wants to change one must know the other two. D only
tells what this interface was last told; the configuration frame (`mk2.frames.config`) tells what is true. A limit of
8000h is documented as "leave alone" but was seen to raise the limit to its maximum: never send it. A limit of 0 A means
the smallest limit of the device. Position and limit stay in force when the interface is unplugged.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar

from mk2.frames.record import Record

LIMIT_STEP_A = 0.1
NO_LIMIT_WORD = 0x8000


class SwitchState(IntEnum):
    """Position of the remote switch; the numbers are also those of /Mode on the Venus D-Bus."""

    CHARGER_ONLY = 1
    INVERTER_ONLY = 2
    ON = 3
    OFF = 4


class SwitchFlag(IntFlag):
    """Second flag byte of S. Bit 7 marks the variant of the command that we send."""

    AUTO_SEND_STATE = 0x01
    APPEND_LEDS = 0x02
    KEEP_PANEL_STATE = 0x10
    FORWARD_PANEL_FRAMES = 0x40
    LIMIT_IN_AMPS = 0x80


@dataclass(frozen=True, slots=True)
class SwitchCommand(Record):
    """Set switch position and limit (steps of 0.1 A). The tail is one reserved byte, flagsExt0 and eepromFlags."""

    HEAD: ClassVar[bytes] = b"\xffS"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BHBB")
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1, 2, 3})

    state: int
    limit: int
    one: int = 1
    flags: int = SwitchFlag.LIMIT_IN_AMPS
    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class SwitchAck(Record):
    """The interface took the switch command."""

    HEAD: ClassVar[bytes] = b"\xffS"
    TAIL: ClassVar[frozenset[int]] = frozenset(range(9))

    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class SwitchRequest(Record):
    """Ask for what the interface was last told by S."""

    HEAD: ClassVar[bytes] = b"\xffD"


@dataclass(frozen=True, slots=True)
class SwitchReport(Record):
    """What the interface was last told by S: position, limit in steps of 0.1 A, and bytes of unknown meaning."""

    HEAD: ClassVar[bytes] = b"\xffD"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BH")
    TAIL: ClassVar[frozenset[int]] = frozenset(range(6))

    state: int
    limit: int
    tail: bytes = b""


class PanelLine(IntFlag):
    """Lines that an MK3 drives on the bus connector; forgotten when the bus loses power."""

    DETECT = 0x01
    STANDBY = 0x02
    UNDOCUMENTED = 0x04


@dataclass(frozen=True, slots=True)
class PanelRequest(Record):
    """Ask for the panel lines (MK3 only)."""

    HEAD: ClassVar[bytes] = b"\xffH"


@dataclass(frozen=True, slots=True)
class PanelLines(Record):
    """Set the panel lines, or the reply that tells them (MK3 only)."""

    HEAD: ClassVar[bytes] = b"\xffH"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("B")
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1})

    lines: int
    tail: bytes = b""
