from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_client.protocol.errors import RuleError, ValueRefused
from modbus_client.protocol.version import VeVersion, parse_version_text
from modbus_client.protocol.words import parse_type

INTEGERS = {"u16": (0, 0xFFFF), "s16": (-0x8000, 0x7FFF), "u32": (0, 2**32 - 1), "s32": (-(2**31), 2**31 - 1),
            "u64": (0, 2**64 - 1), "s64": (-(2**63), 2**63 - 1)}  # fmt: skip


@given(st.sampled_from(sorted(INTEGERS)), st.sampled_from(["", "_lw"]), st.data())
def test_integers_come_back(name: str, order: str, data: st.DataObject) -> None:
    kind = parse_type(name + order)
    value = data.draw(st.integers(*INTEGERS[name]))
    assert kind.decode(kind.encode(value)) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_floats_come_back(value: float) -> None:
    assert parse_type("f32").decode(parse_type("f32").encode(value)) == value


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20))
def test_texts_come_back(text: str) -> None:
    for name in ("text[62]", "text_le[62]"):
        assert parse_type(name).decode(parse_type(name).encode(text)) == text.strip()


def test_word_order() -> None:
    assert parse_type("u32").decode((0x0001, 0x0002)) == 0x00010002
    assert parse_type("u32_lw").decode((0x0001, 0x0002)) == 0x00020001
    assert parse_type("text_le[2]").decode((0x4241, 0x0043)) == "ABC"
    assert parse_type("hex_le[2]").decode((0x1122, 0x33AA)) == "2211AA33"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_float_that_is_no_number_is_no_value(value: float) -> None:
    words = struct.unpack(">2H", struct.pack(">f", value))
    assert parse_type("f32").decode(words) is None


@pytest.mark.parametrize(
    ("name", "value"), [("u16", -1), ("u16", 65536), ("s16", 40000), ("u32", 2**32), ("f32", 1e39)]
)
def test_what_does_not_fit_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueRefused, match="does not fit"):
        parse_type(name).encode(value)


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueRefused, match="longer than the 4 bytes"):
        parse_type("text[2]").encode("abcde")


@pytest.mark.parametrize("name", ["u8", "text", "text[0]", "text[63]", "bit", "", "text_lw[4]"])
def test_unknown_types_are_refused(name: str) -> None:
    with pytest.raises(RuleError):
        parse_type(name)


def test_bits() -> None:
    assert parse_type("bit", bit=6).decode((0x0040,)) == 1
    assert parse_type("bit", bit=6).decode((0xFFBF,)) == 0


def test_victron_versions_sort_betas_before_their_release() -> None:
    versions = [parse_version_text(text) for text in ("1.03~1", "1.03~2", "1.03", "1.21~1", "1.21")]
    assert versions == sorted(versions)
    assert parse_type("ve_version").decode((0x0001, 0x2101)) == VeVersion(1, 0x21, 1)
    assert str(VeVersion(1, 0x21, 1)) == "v1.21~1"
    assert str(VeVersion(1, 0x09)) == "v1.09"


def test_other_versions() -> None:
    assert parse_type("cg_version").decode((0x1309,)) == "1.3.9"
    assert parse_type("hex_dots").decode((0x0612,)) == "6.1.2"
