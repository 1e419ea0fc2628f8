"""Info frames: voltages, currents and periods, unscaled, as the device itself measures them.

Field notes: in the DC frame the first four bytes are leftovers of something else, never a state or a factor. In the AC
frame the main state is sometimes garbage (B7 seen), so a reader must accept any number there. All currents are signed
in spite of the document. A period of 00 or FF means that there is nothing to measure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from mk2.frames.record import Record

PERIOD_UNKNOWN = frozenset({0x00, 0xFF})


class InfoKind(IntEnum):
    """What can be asked for with F; the AC kinds are the phases."""

    DC = 0
    AC_L1 = 1
    AC_L2 = 2
    AC_L3 = 3
    AC_L4 = 4
    CONFIG = 5


class PhaseInfo(IntEnum):
    """What an info frame is about."""

    L4 = 0x05
    L3 = 0x06
    L2 = 0x07
    L1_OF_1 = 0x08
    L1_OF_2 = 0x09
    L1_OF_3 = 0x0A
    L1_OF_4 = 0x0B
    DC = 0x0C


_PHASES = {PhaseInfo.L4: 4, PhaseInfo.L3: 3, PhaseInfo.L2: 2}
_COUNTS = {PhaseInfo.L1_OF_1: 1, PhaseInfo.L1_OF_2: 2, PhaseInfo.L1_OF_3: 3, PhaseInfo.L1_OF_4: 4}


@dataclass(frozen=True, slots=True)
class InfoRequest(Record):
    """Ask for an info frame (DC, a phase) or for the configuration frame."""

    HEAD: ClassVar[bytes] = b"\xffF"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("B")

    kind: int

    def is_valid(self) -> bool:
        """F with other numbers is something else."""
        return self.kind <= InfoKind.CONFIG


@dataclass(frozen=True, slots=True)
class DcInfo(Record):
    """Battery side. Words: RAM scale 4 for the voltage, 5 for both currents, 7 for the period."""

    HEAD: ClassVar[bytes] = b"\x20"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<4sBH3s3sB")

    leftover: bytes
    phase_info: int
    voltage: int
    inverter_current: bytes
    charger_current: bytes
    period: int

    @property
    def net_current(self) -> int:
        """Charger minus inverter current, unscaled: positive while charging."""
        return int.from_bytes(self.charger_current, "little") - int.from_bytes(self.inverter_current, "little")

    def is_valid(self) -> bool:
        """The fifth byte tells DC from AC."""
        return self.phase_info == PhaseInfo.DC


@dataclass(frozen=True, slots=True)
class AcInfo(Record):
    """One phase. Words: RAM scales 0, 1 (times `mains_factor`), 2, 3 (times `inverter_factor`) and 8 for the period."""

    HEAD: ClassVar[bytes] = b"\x20"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBBBBHhHhB")

    mains_factor: int
    inverter_factor: int
    leftover: int
    state: int
    phase_info: int
    mains_voltage: int
    mains_current: int
    inverter_voltage: int
    inverter_current: int
    period: int

    @property
    def phase(self) -> int:
        """Which phase this is, from 1."""
        return _PHASES.get(PhaseInfo(self.phase_info), 1)

    @property
    def phase_count(self) -> int | None:
        """How many phases the system says it has: only the frame of L1 tells."""
        return _COUNTS.get(PhaseInfo(self.phase_info))

    def is_valid(self) -> bool:
        """The fifth byte is a phase; a factor of zero would make every current zero."""
        return (
            PhaseInfo.L4 <= self.phase_info <= PhaseInfo.L1_OF_4 and self.mains_factor > 0 and self.inverter_factor > 0
        )
