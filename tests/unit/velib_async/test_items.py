from __future__ import annotations

import math
import sys
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velib_async.items import (
    DoubleArrayItem,
    DoubleItem,
    IntegerArrayItem,
    IntegerItem,
    Item,
    TextArrayItem,
    TextItem,
)
from velib_async.memory import MemoryHub
from velib_async.service import Service
from velib_async.values import INT64, INVALID, MAX_VALUE_BYTES, Variant


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


@pytest.mark.parametrize("path", ["X", "/", "/X/", "//X", "/X Y", "/X-Y", "/Ü", ""])
def test_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no object path"):
        Item(path)


@given(st.integers(INT64.start, INT64.stop - 1))
def test_integers_go_out_as_small_as_they_fit(value: int) -> None:
    item = IntegerItem("/X", value)
    assert item.published()[1] == ("i" if -(2**31) <= value < 2**31 else "x")


def test_published_says_everything_in_one_tuple() -> None:
    item = DoubleItem("/X", 1.5, text=lambda v: f"{v} V", minimum=0, maximum=2, default=1)
    limits = {"Min": Variant("d", 0.0), "Max": Variant("d", 2.0), "Default": Variant("d", 1.0)}
    assert item.published() == ("/X", "d", 1.5, "1.5 V", limits)
    assert item.published()[4] is item.published()[4]
    assert item.attributes() == {"Value": Variant("d", 1.5), "Text": Variant("s", "1.5 V"), **limits}
    item.set_local_value(None)
    assert item.published()[:4] == ("/X", *INVALID, "---")
    assert DoubleItem("/Y").published()[4] is None
    assert (item.minimum, item.maximum, item.default, DoubleItem("/Y").minimum) == (0.0, 2.0, 1.0, None)


def test_formatter_that_fails_is_logged_once_and_used_again(caplog: pytest.LogCaptureFixture) -> None:
    item = IntegerItem("/X", 0, text=lambda v: f"{1 / v:.0f}!")
    assert [item.get_text(), item.get_text()] == ["0", "0"]
    assert caplog.text.count("ZeroDivisionError") == 1
    item.set_local_value(1)
    assert item.get_text() == "1!"
    item.set_local_value(0)
    assert item.get_text() == "0"
    assert caplog.text.count("ZeroDivisionError") == 2


def test_text_may_be_asked_for_by_str() -> None:
    assert str(DoubleItem("/X", 2.5, text=lambda v: f"{v} A")) == "2.5 A"
    assert repr(DoubleItem("/X", 2.5)) == "DoubleItem('/X', 2.5)"


def test_type_of_an_untyped_item_may_change() -> None:
    item = Item("/X", 1)
    assert item.assign(1.0)
    assert item.published()[1] == "d"
    assert not item.assign(1.0)


def test_value_is_set_by_methods_only() -> None:
    with pytest.raises(AttributeError):
        IntegerItem("/X").value = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("band", "values", "expected"),
    [
        (0.0, [1.0, 1.0, 1.1], [1.0, 1.0, 1.1]),
        (0.5, [1.0, 1.4, 1.5, 1.9, 2.0], [1.0, 1.0, 1.5, 1.5, 2.0]),
        (0.5, [1.0, None, 1.1, 1.2], [1.0, None, 1.1, 1.1]),
    ],
)
def test_dead_band_is_measured_from_the_value_last_published(
    band: float, values: list[float | None], expected: list[float | None]
) -> None:
    item = DoubleItem("/X", dead_band=band)
    published = []
    for value in values:
        item.set_local_value(value)
        published.append(item.value)
    assert published == expected


async def test_item_costs_little_memory() -> None:
    service = Service(MemoryHub().connect(), "com.victronenergy.test.memory")
    service.add_item(DoubleItem("/Warm/Up", 1.0))
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(1000):
        service.add_item(DoubleItem(f"/Some/Group/Item{number}", number + 0.5, text=str, minimum=0, maximum=9))
    used = (tracemalloc.get_traced_memory()[0] - before) / 1000
    tracemalloc.stop()
    assert used <= 1536, f"{used:.0f} bytes per item"
    assert sys.getsizeof(service.item("/Warm/Up")) < 200
    await service.close()
