from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_client.protocol.errors import RuleError, ValueRefused
from modbus_client.protocol.register import Register, WriteRule, check_format
from modbus_client.protocol.words import parse_type

U16, S16, S32 = parse_type("u16"), parse_type("s16"), parse_type("s32_lw")
WRITEABLE = WriteRule()


def test_value_is_raw_times_mul_by_div_plus_add() -> None:
    assert Register("/A", 0, S32, div=10.0).decode((0xFFFF, 0xFFFF)) == -0.1
    assert Register("/A", 0, S16, mul=5 / 9, add=-160 / 9).decode((212,)) == pytest.approx(100.0)
    assert Register("/A", 0, U16, div=1.0).decode((5,)) == 5.0
    assert isinstance(Register("/A", 0, U16).decode((5,)), int)


def test_invalid_values_are_unknown() -> None:
    register = Register("/A", 0, U16, invalid=((0xFFF8, 0xFFFF), (7, 7)))
    assert register.decode((0xFFF8,)) is None
    assert register.decode((7,)) is None
    assert register.decode((8,)) == 8


def test_map_has_no_value_for_what_it_does_not_know() -> None:
    register = Register("/A", 0, U16, map={0: 1, 1: 7})
    assert (register.decode((1,)), register.decode((2,))) == (7, None)


@pytest.mark.parametrize(
    ("scale", "value"), [(0xFFFE, 12.34), (0, 1234.0), (2, 123400.0), (0x8000, None), (None, None)]
)
def test_scale_factor_register(scale: int | None, value: float | None) -> None:
    assert Register("/A", 0, U16, scale_at=1).decode((1234,), scale) == pytest.approx(value) or value is None


def test_scale_bias_turns_wh_into_kwh() -> None:
    assert Register("/A", 0, U16, scale_at=1, scale_bias=-3).decode((5,), 2) == pytest.approx(0.5)


@given(st.integers(-0x8000, 0x7FFF), st.sampled_from([0.1, 1.0, 10.0, 1000.0]), st.integers(-3, 3))
def test_what_is_written_is_what_is_read(raw: int, div: float, power: int) -> None:
    register = Register("/A", 0, S16, div=div, scale_at=1, write=WRITEABLE)
    words = (raw & 0xFFFF,)
    value = register.decode(words, power & 0xFFFF)
    assert register.encode(value, power & 0xFFFF) == words


def test_writing_through_a_map() -> None:
    register = Register("/A", 0, U16, map={1: 0, 2: 1}, write=WRITEABLE)
    assert register.encode(1) == (2,)
    with pytest.raises(ValueRefused, match="nothing for 5"):
        register.encode(5)


@pytest.mark.parametrize(
    ("rule", "value", "complaint"),
    [
        (None, 1, "cannot be written"),
        (WriteRule(maximum=32), 33, "above 32"),
        (WriteRule(minimum=6), 5.9, "below 6"),
        (WriteRule(values=(0, 1)), 2, "none of 0, 1"),
        (WRITEABLE, "ten", "not a number"),
        (WRITEABLE, None, "no value"),
        (WRITEABLE, 70000, "does not fit"),
    ],
)
def test_refused_writes_say_why(rule: WriteRule | None, value: object, complaint: str) -> None:
    with pytest.raises(ValueRefused, match=complaint):
        Register("/A", 0, U16, write=rule).encode(value)


def test_texts() -> None:
    assert Register("/A", 0, U16, div=1.0, fmt="%.1f W").text(5.0) == "5.0 W"
    assert Register("/A", 0, U16, names={3: "Locked"}).text(3) == "Locked"
    assert Register("/A", 0, U16).text(None) == "---"
    assert Register("/A", 0, parse_type("ve_version")).text(0x000109FF) == "v1.09"


@pytest.mark.parametrize("text", ["", "W", "%d %d", "%", "%x", "%5.1f"])
def test_formats_that_could_fail_are_refused(text: str) -> None:
    with pytest.raises(RuleError):
        check_format(text)
