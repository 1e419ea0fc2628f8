from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obdio.answers import is_answer_to, refusal, split_pids, text_of


def test_an_answer_carries_service_plus_40_and_its_pid() -> None:
    assert is_answer_to(bytes.fromhex("410c1af8"), b"010C")
    assert is_answer_to(bytes.fromhex("4300"), b"03")
    assert is_answer_to(bytes.fromhex("621e1c50"), b"221E1C")
    assert is_answer_to(bytes.fromhex("46010000"), b"0601")


@pytest.mark.parametrize("wire", ["", "41", "7f0112", "410d20", "610c1af8", "420c1af8"])
def test_what_is_no_answer_is_not_taken_for_one(wire: str) -> None:
    assert not is_answer_to(bytes.fromhex(wire), b"010C")


def test_the_late_answer_to_another_of_the_makers_identifiers_is_not_taken() -> None:
    assert not is_answer_to(bytes.fromhex("621e1d50"), b"221E1C")
    assert not is_answer_to(bytes.fromhex("621e"), b"221E1C")
    assert not is_answer_to(bytes.fromhex("6102"), b"2101")


def test_a_refusal_gives_its_reason() -> None:
    assert refusal(bytes.fromhex("7f0212")) == 0x12
    assert refusal(bytes.fromhex("410c1af8")) is None
    assert refusal(b"\x7f") is None


def test_several_pids_are_split() -> None:
    wire = bytes.fromhex("410c1af80d200552")
    assert split_pids(wire, {0x0C: 2, 0x0D: 1, 0x05: 1}) == {0x0C: b"\x1a\xf8", 0x0D: b"\x20", 0x05: b"\x52"}


@pytest.mark.parametrize("padding", ["00", "aaaa", "0000000000"])
def test_padding_is_dropped(padding: str) -> None:
    assert split_pids(bytes.fromhex("410d20" + padding), {0x0D: 1, 0x0C: 2}) == {0x0D: b"\x20"}


@pytest.mark.parametrize(
    ("wire", "reason"),
    [("7f0112", "not an answer"), ("", "not an answer"), ("410f33", "was not asked"), ("410d200c1a", "ends within")],
)
def test_what_cannot_be_split_is_refused(wire: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        split_pids(bytes.fromhex(wire), {0x0D: 1, 0x0C: 2})


@given(st.dictionaries(st.integers(1, 0x54), st.binary(min_size=1, max_size=4), min_size=1, max_size=6))
def test_what_was_joined_is_split_again(values: dict[int, bytes]) -> None:
    wire = b"\x41" + b"".join(bytes([pid]) + value for pid, value in values.items())
    assert split_pids(wire, {pid: len(value) for pid, value in values.items()}) == values


@pytest.mark.parametrize("vin", ["WP0ZZZ99ZTS392124", "MAT403096BNL00000", "SB1ZS3JE60E282102", "1FTFW1ET5DFC10312"])
def test_a_vin_keeps_all_its_characters(vin: str) -> None:
    assert text_of(b"\x49\x02\x01" + vin.encode(), 17) == vin.encode()
    assert text_of(b"\x49\x02\x01\0\0\0" + vin.encode() + b"\0\0", 17) == vin.encode()
