"""RAM variables: their ids, and what turns their raw words into volts, amperes and watts.

The device itself tells scale and offset of each variable (`mk2.frames.readings.RamInfoRead`), and they differ between
models, so nothing is assumed here but signs: some currents are reported as unsigned and go below zero all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

RECIPROCAL_FROM = 0x4000
WORD = 0x10000
SIGN = 0x8000
BIT_OFFSET = -0x8000
"""The offset that marks a single bit; the scale is then its number, counted from one."""


class RamVar(IntEnum):
    """Ids of the variables; their unit is V, A, W or s after scaling.

    Signs as on the wire: INVERTER_POWER + charging the battery, MAINS_POWER + feeding out to the mains, OUTPUT_POWER +
    to the loads, BATTERY_CURRENT + charging. STATE_OF_CHARGE is a fraction, and only valid when the battery monitor of
    the device is on (setting BATTERY_CAPACITY above zero). Periods are tenths of a second per cycle: frequency 10 / x.
    """

    MAINS_VOLTAGE = 0
    MAINS_CURRENT = 1
    INVERTER_VOLTAGE = 2
    INVERTER_CURRENT = 3
    BATTERY_VOLTAGE = 4
    BATTERY_CURRENT = 5
    BATTERY_RIPPLE = 6
    INVERTER_PERIOD = 7
    MAINS_PERIOD = 8
    LOAD_CURRENT = 9
    VIRTUAL_SWITCH = 10
    IGNORE_AC_INPUT = 11
    RELAY = 12
    STATE_OF_CHARGE = 13
    INVERTER_POWER = 14
    MAINS_POWER = 15
    OUTPUT_POWER = 16
    INVERTER_POWER_RAW = 17
    MAINS_POWER_RAW = 18
    OUTPUT_POWER_RAW = 19
    BATTERY_TEMPERATURE = 21


FIRST_ASSISTANT_VAR = 128
"""From here on the variables belong to assistants."""

ALWAYS_SIGNED = frozenset(
    {
        RamVar.MAINS_CURRENT,
        RamVar.INVERTER_CURRENT,
        RamVar.BATTERY_CURRENT,
        RamVar.LOAD_CURRENT,
        *range(RamVar.INVERTER_POWER, RamVar.OUTPUT_POWER_RAW + 1),
    },
)


@dataclass(frozen=True, slots=True)
class RamVarInfo:
    """Scale of one variable: value = factor * (raw + offset), or a bit."""

    factor: float
    offset: int
    signed: bool
    bit: int | None = None

    @classmethod
    def from_wire(cls, var: int, scale: int, offset: int) -> RamVarInfo | None:
        """Return the scale from the two signed words of the reply, or None when the variable does not exist.

        A scale from 4000h on is a reciprocal; 8000h would divide by zero and was seen for variables that are not there.
        """
        size = abs(scale)
        if size in (0, SIGN):
            return None
        if offset == BIT_OFFSET:
            return cls(1.0, 0, signed=False, bit=size - 1)
        factor = 1 / (SIGN - size) if size >= RECIPROCAL_FROM else float(size)
        return cls(factor, offset, signed=scale < 0 or var in ALWAYS_SIGNED)

    def decode(self, raw: int) -> float:
        """Return the value of a raw word; for a bit 0.0 or 1.0."""
        if self.bit is not None:
            return float(raw >> self.bit & 1)
        return self.factor * (to_signed(raw) + self.offset if self.signed else raw + self.offset)

    def encode(self, value: float) -> int:
        """Return the raw word of a value.

        Raises:
            ValueError: the variable is a bit, or the value does not fit into it.
        """
        if self.bit is not None:
            raise ValueError("a single bit cannot be written without its neighbours")
        raw = round(value / self.factor) - self.offset
        low, high = (-SIGN, SIGN - 1) if self.signed else (0, WORD - 1)
        if not low <= raw <= high:
            raise ValueError(f"{value} is outside {self.decode(low % WORD):g}..{self.decode(high):g}")
        return raw % WORD


def to_signed(word: int) -> int:
    """Return a 16 bit word as the signed number it stands for."""
    return word - WORD if word >= SIGN else word
