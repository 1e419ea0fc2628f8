from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mk2.ram_var import RamVar, RamVarInfo, to_signed

HUNDREDTHS = RamVarInfo.from_wire(RamVar.MAINS_VOLTAGE, 0x7F9C, 0)


def made(var: int, scale: int, offset: int) -> RamVarInfo:
    found = RamVarInfo.from_wire(var, scale, offset)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("var", "scale", "offset", "raw", "value"),
    [
        (RamVar.MAINS_VOLTAGE, 0x7F9C, 0, 22698, 226.98),
        (RamVar.MAINS_CURRENT, -0x7F9C, 0, 0xFF5F, -1.61),
        (RamVar.INVERTER_CURRENT, 0x7F9C, 0, 0xFFFE, -0.02),
        (RamVar.BATTERY_CURRENT, -0x7F9C, 0, 40, 0.40),
        (RamVar.STATE_OF_CHARGE, 0x7F38, 0, 200, 1.0),
        (RamVar.MAINS_POWER, -1, 0, 65161, -375),
        (RamVar.OUTPUT_POWER, 1, 0, 370, 370),
        (RamVar.VIRTUAL_SWITCH, 4, -0x8000, 0b1000, 1),
        (RamVar.RELAY, 6, -0x8000, 0b1000, 0),
    ],
)
def test_recorded_scale_gives_the_recorded_value(var: int, scale: int, offset: int, raw: int, value: float) -> None:
    assert made(var, scale, offset).decode(raw) == pytest.approx(value)


def test_periods_become_frequencies() -> None:
    assert 10 / made(RamVar.INVERTER_PERIOD, 0x7857, 256).decode(0x88) == pytest.approx(50.0255, abs=1e-4)
    assert 10 / made(RamVar.MAINS_PERIOD, 0x7C2F, 0).decode(0xC3) == pytest.approx(50.1026, abs=1e-4)


@pytest.mark.parametrize("scale", [0, -0x8000])
def test_absent_variable_has_no_scale(scale: int) -> None:
    assert RamVarInfo.from_wire(5, scale, 0) is None


@given(st.integers(0, 0xFFFF), st.sampled_from([1, -1, 0x7F9C, -0x7F9C, 0x7F38, 0x7C2F]), st.sampled_from([0, 256]))
def test_every_word_survives_decoding_and_encoding(raw: int, scale: int, offset: int) -> None:
    scaled = made(RamVar.BATTERY_VOLTAGE, scale, offset)
    assert scaled.encode(scaled.decode(raw)) == raw


def test_value_that_does_not_fit_is_refused_with_the_limits() -> None:
    with pytest.raises(ValueError, match=r"outside 0\.\.655\.35"):
        made(RamVar.MAINS_VOLTAGE, 0x7F9C, 0).encode(700)
    with pytest.raises(ValueError, match=r"outside -32768\.\.32767"):
        made(RamVar.MAINS_POWER, -1, 0).encode(-40000)


def test_bit_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="single bit"):
        made(RamVar.RELAY, 6, -0x8000).encode(1)


def test_words_are_signed() -> None:
    assert [to_signed(word) for word in (0, 0x7FFF, 0x8000, 0xFFFF)] == [0, 32767, -32768, -1]
