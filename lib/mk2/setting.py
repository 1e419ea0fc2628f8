"""Settings: their ids, flags and scales.

A setting survives power loss when it is written to EEPROM, which wears out; written to RAM only, it lasts until the
device restarts. Names follow the vendor's meaning; which of them a device has, and their limits, it tells itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mk2.frames.settings import SettingInfoReply


class Setting(IntEnum):
    """Ids of the settings that are used or shown by name."""

    FLAGS0 = 0
    FLAGS1 = 1
    ABSORPTION_VOLTAGE = 2
    FLOAT_VOLTAGE = 3
    BULK_CURRENT = 4
    INVERTER_VOLTAGE = 5
    AC1_CURRENT_LIMIT = 6
    REPEATED_ABSORPTION_TIME = 7
    REPEATED_ABSORPTION_INTERVAL = 8
    MAX_ABSORPTION_TIME = 9
    CHARGE_CHARACTERISTIC = 10
    LOW_BATTERY_VOLTAGE = 11
    LOW_BATTERY_HYSTERESIS = 12
    SLAVE_COUNT = 13
    THREE_PHASE_KIND = 14
    VIRTUAL_SWITCH_USAGE = 15
    LOWEST_MAINS_VOLTAGE = 44
    LOWEST_MAINS_HYSTERESIS = 45
    HIGHEST_MAINS_VOLTAGE = 46
    HIGHEST_MAINS_HYSTERESIS = 47
    ASSIST_BOOST_FACTOR = 48
    AC2_CURRENT_LIMIT = 49
    AES_LOW_LIMIT = 50
    AES_HYSTERESIS = 51
    FLAGS2 = 60
    FLAGS3 = 61
    LOW_BATTERY_PREALARM = 63
    BATTERY_CAPACITY = 64
    SOC_AT_BULK_END = 65
    CHARGE_EFFICIENCY = 72
    ASSIST_INVERTER_LIMIT = 73
    SOC_AT_FLOAT = 74
    GRID_CODE = 81
    PERMANENT_FLAGS = 82
    TEMPERATURE_COMPENSATION = 87
    SUSTAIN_VOLTAGE = 88


GRID_SETTINGS = frozenset({Setting.GRID_CODE, *range(128, 192)})
"""Grid code, its parameters and their check words: what connects to a public grid is not ours to change."""

FLAG_SETTINGS = frozenset({Setting.FLAGS0, Setting.FLAGS1, Setting.FLAGS2, Setting.FLAGS3, Setting.PERMANENT_FLAGS})


class Flag0(IntFlag):
    """Bits of `Setting.FLAGS0`."""

    MULTIPHASE = 1 << 0
    MULTIPHASE_LEADER = 1 << 1
    FREQUENCY_60HZ = 1 << 2
    NO_WAVE_CHECK = 1 << 3
    DO_NOT_STOP_AFTER_10H_BULK = 1 << 4
    POWER_ASSIST = 1 << 5
    DISABLE_CHARGE = 1 << 6
    WAVE_CHECK = 1 << 7
    DISABLE_AES = 1 << 8
    REDUCED_FLOAT = 1 << 11
    DISABLE_GROUND_RELAY = 1 << 13
    WEAK_AC = 1 << 14
    REMOTE_OVERRULES_AC2 = 1 << 15


class Flag1(IntFlag):
    """Bits of `Setting.FLAGS1`."""

    WIDE_FREQUENCY = 1 << 11
    DYNAMIC_CURRENT_LIMITER = 1 << 12
    TUBULAR_PLATE_CURVE = 1 << 13
    REMOTE_OVERRULES_AC1 = 1 << 14
    AES_LOW_POWER = 1 << 15


class Flag2(IntFlag):
    """Bits of `Setting.FLAGS2`."""

    LITHIUM = 1 << 4
    ALLOW_FEED_IN = 1 << 5
    VEBUS_BMS = 1 << 7
    DISABLE_VOLTAGE_SENSE = 1 << 8
    PREFER_RENEWABLE = 1 << 9


INVERSE_PAIRS = ((Setting.FLAGS0, Flag0.NO_WAVE_CHECK, Flag0.WAVE_CHECK),)
"""Bits that are each other's opposite and must be written together."""

RECIPROCAL_NEGATIVE = -1


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """Scale and limits of one setting: value = factor * (raw + offset). Default and limits are raw words.

    For a setting of flags, `maximum` is the mask of the bits that may be changed.
    """

    factor: float
    offset: int
    default: int
    minimum: int
    maximum: int
    access: int = 0

    @classmethod
    def from_wire(cls, reply: SettingInfoReply) -> SettingInfo | None:
        """Return the scale from a reply, or None when the device says that there is no such setting (scale 0)."""
        if not reply.scale:
            return None
        factor = float(reply.scale) if reply.scale > 0 else RECIPROCAL_NEGATIVE / reply.scale
        access = reply.tail[0] if reply.tail else 0
        return cls(factor, reply.offset, reply.default, reply.minimum, reply.maximum, access)

    def decode(self, raw: int) -> float:
        """Return the value of a raw word."""
        return self.factor * (raw + self.offset)

    def encode(self, value: float) -> int:
        """Return the raw word of a value.

        Raises:
            ValueError: the device's own limits do not allow it.
        """
        raw = round(value / self.factor) - self.offset
        if not self.minimum <= raw <= self.maximum:
            low, high = self.decode(self.minimum), self.decode(self.maximum)
            raise ValueError(f"{value:g} is outside {low:g}..{high:g}")
        return raw


def change_flags(setting: Setting, raw: int, mask: int, *, on: int = 0, off: int = 0) -> int:
    """Return the word of a flags setting with some bits changed, opposite bits kept opposite.

    Args:
        setting: which of `FLAG_SETTINGS`.
        raw: the word as it is.
        mask: bits that the device lets itself be changed (`SettingInfo.maximum`).
        on: bits to set.
        off: bits to clear.

    Raises:
        ValueError: a bit is both in `on` and `off`, or not in `mask`.
    """
    for owner, plain, inverse in INVERSE_PAIRS:
        if owner is setting:
            on |= (inverse if off & plain else 0) | (plain if off & inverse else 0)
            off |= (inverse if on & plain else 0) | (plain if on & inverse else 0)
    if on & off:
        raise ValueError(f"bits {on & off:#06x} cannot be both set and cleared")
    if (on | off) & ~mask:
        raise ValueError(f"this device does not let bits {(on | off) & ~mask:#06x} of {setting.name} be changed")
    return (raw | on) & ~off
