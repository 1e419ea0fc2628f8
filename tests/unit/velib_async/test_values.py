from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velib_async.values import (
    INT32,
    INT64,
    INVALID,
    MAX_ELEMENTS,
    MAX_VALUE_BYTES,
    Variant,
    check_text,
    cut_text,
    finite,
    from_wire,
    integer_signature,
    make_variant,
    split_signature,
    unwrap,
    wrap,
)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(INT64.start, INT64.stop - 1), st.floats(allow_nan=False), texts
)
arrays = st.one_of(
    st.lists(st.integers(INT64.start, INT64.stop - 1)), st.lists(st.floats(allow_nan=False)), st.lists(texts)
)


@pytest.mark.parametrize(
    ("value", "signature"),
    [
        (None, "ai"),
        ([], "ai"),
        ((), "ai"),
        (b"", "ai"),
        (True, "b"),
        (0, "i"),
        (2**31 - 1, "i"),
        (2**31, "x"),
        (-(2**31), "i"),
        (-(2**31) - 1, "x"),
        (2**63 - 1, "x"),
        (1.0, "d"),
        ("", "s"),
        (b"x", "ay"),
        ([1, 2], "ai"),
        ([1, 2**40], "ax"),
        ([1, 2.5], "ad"),
        (["a"], "as"),
        ({"a": 1}, "a{sv}"),
    ],
)
def test_make_variant_chooses_the_type_by_the_value(value: object, signature: str) -> None:
    assert make_variant(value).signature == signature


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, object(), [1, "a"], [None], "nul\0", "\udc00", {"a": object()}])
def test_make_variant_refuses_what_no_reader_could_take(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        make_variant(value)


def test_make_variant_leaves_a_variant_alone() -> None:
    assert make_variant(Variant("d", 1)) == Variant("d", 1)


@given(st.one_of(scalars, arrays))
def test_values_survive_the_way_to_a_message_and_back(value: Any) -> None:
    (arrived,) = unwrap(wrap("v", [value]))
    assert from_wire(arrived) == (None if value == [] else value)


@given(st.dictionaries(texts, st.one_of(scalars, arrays), max_size=5))
def test_trees_survive_too(tree: dict[str, Any]) -> None:
    (arrived,) = unwrap(wrap("a{sv}", [tree]))
    assert {key: from_wire(value) for key, value in arrived.items()} == {
        key: None if value == [] else value for key, value in tree.items()
    }


@given(st.lists(st.sampled_from(["i", "s", "as", "a{sv}", "a{sa{sv}}", "(iis)", "aa{sv}", "a(ss)", "v", "ay"])))
def test_split_signature_is_the_inverse_of_joining(types: list[str]) -> None:
    assert list(split_signature("".join(types))) == types


def test_wrap_makes_what_the_library_wants_at_every_depth() -> None:
    made = wrap(
        "a{sa{sv}}(iv)", [{"/X": {"Value": 1.5, "Text": None}}, (2, "x")], lambda one, value: ("made", one, value)
    )
    assert made == [
        {"/X": {"Value": ("made", "d", 1.5), "Text": ("made", "ai", [])}},
        [2, ("made", "s", "x")],
    ]


@pytest.mark.parametrize(
    ("signature", "body"),
    [("i", []), ("", [1]), ("ii", [1]), ("q", [2**16]), ("as", "text"), ("b", []), ("ay", "x"), ("as", ["nul\0"])],
)
def test_wrap_refuses_misfits(signature: str, body: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        wrap(signature, body)


def test_numbers_have_limits() -> None:
    assert (integer_signature(INT32.stop - 1), integer_signature(INT32.stop)) == ("i", "x")
    with pytest.raises(ValueError, match="64 bits"):
        integer_signature(INT64.stop)
    assert finite(1.5) == 1.5
    for bad in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="no usable number"):
            finite(bad)


def test_text_has_a_limit() -> None:
    assert check_text("ü" * (MAX_VALUE_BYTES // 2)) == "ü" * (MAX_VALUE_BYTES // 2)
    with pytest.raises(ValueError, match="the limit is"):
        check_text("ü" * (MAX_VALUE_BYTES // 2) + "x")


@pytest.mark.parametrize(
    "value",
    [
        [1] * (MAX_ELEMENTS + 1),
        [0.5] * (MAX_ELEMENTS + 1),
        ["ü" * 8192, "x" * 8192, "ü" * 4096 + "x"],
        b"x" * (MAX_VALUE_BYTES + 1),
    ],
    ids=["int", "float", "text", "bytes"],
)
def test_arrays_have_a_limit_too(value: Any) -> None:
    assert make_variant(value[:-1]).value == value[:-1]
    with pytest.raises(ValueError, match="the limit is"):
        make_variant(value)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.integers(0, 4), st.sampled_from("aü€😀"))
def test_text_for_looking_at_is_cut_to_what_can_be_sent(head: str, more: int, filling: str) -> None:
    text = head + filling * (MAX_VALUE_BYTES // len(filling.encode()) - 8 + more * 4)
    cut = cut_text(text)
    assert text.startswith(cut)
    assert len(cut.encode()) == len(text.encode()) or MAX_VALUE_BYTES - 4 < len(cut.encode()) <= MAX_VALUE_BYTES


def test_empty_arrays_of_any_kind_are_unknown() -> None:
    received: list[Any] = [[], b"", 0, "", {}, [0]]
    assert [from_wire(value) for value in received] == [None, None, 0, "", {}, [0]]
    assert INVALID == ("ai", [])
