"""Variables and settings of a MultiPlus 24/3000, with scales as real units report them."""

from __future__ import annotations

from dataclasses import dataclass

RAM_SCALES: dict[int, tuple[int, int]] = {
    0: (0x7F9C, 0),
    1: (0x8064, 0),
    2: (0x7F9C, 0),
    3: (0x7F9C, 0),
    4: (0x7F9C, 0),
    5: (0x8064, 0),
    6: (0x7F9C, 0),
    7: (0x7857, 0x0100),
    8: (0x7C2F, 0),
    9: (0x8064, 0),
    10: (0x0004, 0x8000),
    11: (0x0001, 0x8000),
    12: (0x0006, 0x8000),
    13: (0x7F38, 0),
    **dict.fromkeys(range(14, 20), (0xFFFF, 0)),
}
"""Variable -> scale word, offset word. What is not here does not exist."""

PERIOD_INVERTER_PER_S = 1961 * 10
PERIOD_MAINS_PER_S = 977 * 10


@dataclass(slots=True)
class SettingCell:
    """One setting: scale, offset, limits, and the value that RAM and EEPROM hold."""

    scale: int
    offset: int
    default: int
    low: int
    high: int
    value: int
    stored: int
    access: int = 0


def _cell(scale: int, low: int, high: int, value: int, *, access: int = 0) -> SettingCell:
    return SettingCell(scale, 0, value, low, high, value, value, access)


def make_settings() -> dict[int, SettingCell]:
    """Return the settings of a unit as it left the factory; scale -100 divides by 100."""
    return {
        0: _cell(1, 0, 0xFFFF, 0x00A0),
        1: _cell(1, 0, 0xFFFF, 0x5000),
        2: _cell(-100, 2400, 3300, 2880),
        3: _cell(-100, 2400, 3300, 2760),
        4: _cell(1, 0, 70, 50),
        5: _cell(1, 210, 245, 230),
        6: _cell(-10, 94, 500, 160),
        9: _cell(60, 1, 8, 8),
        10: _cell(1, 1, 3, 2),
        11: _cell(-100, 1860, 2600, 1860),
        48: _cell(-16, 16, 65, 32),
        60: _cell(1, 0, 0x03FF, 0x0010),
        61: _cell(1, 0, 0x00FF, 0),
        64: _cell(1, 0, 65000, 200),
        81: _cell(1, 0, 255, 0, access=2),
    }


ESS_ASSISTANTS: dict[int, int] = {
    128: 0x0090,
    129: 0x8800,
    130: 0x0054,
    131: 0,
    132: 0,
    133: 0x7FFE,
    134: 0,
    135: 0x00A1,
    136: 0,
    137: 0,
}
"""Records of the assistants: 9 and 880h without data, ESS with four words, another with one, end."""

ESS_SETPOINT, ESS_FLAGS = 131, 132
NO_ASSISTANTS: dict[int, int] = {128: 0}
