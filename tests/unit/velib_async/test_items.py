from __future__ import annotations

import sys
import tracemalloc

import pytest

from velib_async.items import Item
from velib_async.memory import MemoryHub
from velib_async.service import Service
from velib_async.typed_items import DoubleItem, IntegerItem
from velib_async.values import INVALID, Variant


@pytest.mark.parametrize("path", ["X", "/", "/X/", "//X", "/X Y", "/X-Y", "/Ü", ""])
def test_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no object path"):
        Item(path)


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
