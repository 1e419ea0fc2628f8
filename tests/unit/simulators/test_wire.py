"""Plain values become the variants of Venus, and back."""

from __future__ import annotations

from typing import Any

import pytest
from dbus_fast import Variant
from hypothesis import given
from hypothesis import strategies as st

from simulators.gx.wire import to_plain, to_text, to_variant


@pytest.mark.parametrize(
    ("value", "signature"),
    [
        (None, "ai"),
        (True, "b"),
        (2**31 - 1, "i"),
        (2**31, "x"),
        (-(2**31) - 1, "x"),
        (1.0, "d"),
        ("x", "s"),
        ([1, 2], "ai"),
        ([1, 2**40], "ax"),
        (["a"], "as"),
        ([], "au"),
    ],
)
def test_a_value_has_its_wire_type(value: Any, signature: str) -> None:
    assert to_variant(value).signature == signature


@pytest.mark.parametrize("value", [object(), {}, [1, "a"], [[1]], [None], 2**63])
def test_what_has_no_wire_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        to_variant(value)


simple = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text())


@given(st.one_of(st.none(), simple))
def test_a_value_comes_back(value: Any) -> None:
    assert to_plain(to_variant(value)) == value


@pytest.mark.parametrize("signature", ["ai", "au", "av", "as"])
def test_any_empty_array_is_no_value(signature: str) -> None:
    assert to_plain(Variant(signature, [])) is None
    assert to_plain(Variant("ay", b"")) is None


def test_variants_are_unwrapped_at_every_depth() -> None:
    nested = Variant("a{sv}", {"a": Variant("av", [Variant("i", 1), Variant("ai", [])])})
    assert to_plain(nested) == {"a": [1, None]}


def test_text_is_for_people() -> None:
    assert (to_text(None), to_text(3), to_text(0.1 + 0.2), to_text("x")) == ("---", "3", "0.3", "x")
