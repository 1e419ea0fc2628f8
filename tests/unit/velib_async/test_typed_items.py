from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velib_async.items import Item
from velib_async.typed_items import DoubleArrayItem, DoubleItem, IntegerArrayItem, IntegerItem, TextArrayItem, TextItem
from velib_async.values import INT64, MAX_VALUE_BYTES


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (IntegerItem, 5.0, 5),
        (IntegerItem, True, 1),
        (IntegerItem, "5", 5),
        (IntegerItem, 2**40, 2**40),
        (DoubleItem, 5, 5.0),
        (DoubleItem, "2.5", 2.5),
        (TextItem, 5, "5"),
        (TextItem, "päth", "päth"),
        (IntegerArrayItem, [1, 2.0, "3"], [1, 2, 3]),
        (DoubleArrayItem, (1, 2), [1.0, 2.0]),
        (TextArrayItem, ["a", 1], ["a", "1"]),
        (TextArrayItem, [], None),
        (Item, True, True),
        (Item, (1, 2), [1, 2]),
        (Item, [], None),
    ],
)
def test_value_is_made_the_items_own_type(kind: type[Item], value: Any, expected: Any) -> None:
    item = kind("/X", None)
    result = item.coerce(value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (IntegerItem, 5.5),
        (IntegerItem, "5.5"),
        (IntegerItem, 2**63),
        (IntegerItem, math.nan),
        (IntegerItem, [1]),
        (DoubleItem, math.inf),
        (DoubleItem, "nan"),
        (DoubleItem, {}),
        (TextItem, [1]),
        (TextItem, "nul\0"),
        (TextItem, "x" * (MAX_VALUE_BYTES + 1)),
        (IntegerArrayItem, "12"),
        (IntegerArrayItem, [math.inf]),
        (IntegerArrayItem, [0] * 5000),
        (DoubleArrayItem, [math.nan]),
        (TextArrayItem, ["x" * 20_000, "y" * 20_000]),
        (Item, object()),
        (Item, {"a": 1}),
    ],
)
def test_value_that_does_not_fit_is_refused(kind: type[Item], value: Any) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        kind("/X").coerce(value)


def test_fractions_from_inside_the_program_are_cut_off() -> None:
    item = IntegerItem("/X", 1523.7)
    assert item.value == 1523
    item.set_local_value(-0.5)
    assert item.value == 0


@given(st.integers(INT64.start, INT64.stop - 1))
def test_integers_go_out_as_small_as_they_fit(value: int) -> None:
    item = IntegerItem("/X", value)
    assert item.published()[1] == ("i" if -(2**31) <= value < 2**31 else "x")
