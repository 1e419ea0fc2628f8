from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from velib_async import writing
from velib_async.callbacks import Tasks
from velib_async.items import Item
from velib_async.typed_items import DoubleItem, IntegerItem, TextItem
from velib_async.writing import ACCEPTED, CALLBACK_REFUSED, REFUSED, begin_write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    tasks = Tasks()
    yield tasks
    await tasks.cancel()


async def write(item: Item, value: Any, tasks: Tasks) -> int:
    outcome = begin_write(item, value, tasks)
    return outcome if isinstance(outcome, int) else await outcome


@pytest.mark.parametrize(
    ("item", "value", "result", "after"),
    [
        (IntegerItem("/X", 1), 2, REFUSED, 1),
        (IntegerItem("/X", 1, True), 2, ACCEPTED, 2),
        (IntegerItem("/X", 1, True), [], REFUSED, 1),
        (IntegerItem("/X", 1, True, nullable=True), [], ACCEPTED, None),
        (IntegerItem("/X", 1, True, minimum=1, maximum=3), 0, REFUSED, 1),
        (IntegerItem("/X", 1, True, minimum=1, maximum=3), 3, ACCEPTED, 3),
        (IntegerItem("/X", 1, True, minimum=1, maximum=3), 4, REFUSED, 1),
        (DoubleItem("/X", 1, True, dead_band=10), 2, ACCEPTED, 2.0),
        (TextItem("/X", "a", True), "b", ACCEPTED, "b"),
        (TextItem("/X", "a", True), b"b", REFUSED, "a"),
        (Item("/X", 1, True), "b", ACCEPTED, "b"),
        (Item("/X", [1], True), [1.5, 2], ACCEPTED, [1.5, 2.0]),
        (Item("/X", 1, True), {"a": object()}, REFUSED, 1),
        (IntegerItem("/X", 1, True, lambda v: v == 2), 2, ACCEPTED, 2),
        (IntegerItem("/X", 1, True, lambda v: v == 2), 3, CALLBACK_REFUSED, 1),
        (IntegerItem("/X", 1, True, lambda _: None), 3, CALLBACK_REFUSED, 1),
        (IntegerItem("/X", 1, True, lambda v: v / 0), 3, REFUSED, 1),
        (IntegerItem("/X", 1, True, lambda v: v / 0), 1, ACCEPTED, 1),
    ],
)
async def test_result_and_value_after_a_write(item: Item, value: Any, result: int, after: Any, tasks: Tasks) -> None:
    assert (await write(item, value, tasks), item.value) == (result, after)


async def test_sync_callback_that_stores_the_value_itself_has_accepted_it(tasks: Tasks) -> None:
    item = IntegerItem("/X", 1, True)
    item.onchange = item.set_local_value  # returns None
    assert (await write(item, 5, tasks), item.value) == (ACCEPTED, 5)


async def test_value_that_the_device_made_of_it_is_kept(tasks: Tasks) -> None:
    async def clamp(item: Item, value: int) -> bool:
        item.set_local_value(min(value, 10))
        return True

    item = IntegerItem("/X", 1, True, clamp)
    assert (await write(item, 50, tasks), item.value) == (ACCEPTED, 10)


async def test_callable_objects_and_methods_may_be_async(tasks: Tasks) -> None:
    class Device:
        async def write(self, _item: Item, value: int) -> bool:
            return value == 2

        async def __call__(self, _item: Item, value: int) -> bool:
            return value == 3

    method, instance = IntegerItem("/X", 1, True, Device().write), IntegerItem("/X", 1, True, Device())
    assert [await write(method, value, tasks) for value in (2, 3)] == [ACCEPTED, CALLBACK_REFUSED]
    assert [await write(instance, value, tasks) for value in (2, 3)] == [CALLBACK_REFUSED, ACCEPTED]


async def test_late_callback_is_answered_and_goes_on(monkeypatch: pytest.MonkeyPatch, tasks: Tasks) -> None:
    monkeypatch.setattr(writing, "ANSWER_LIMIT_S", 0.05)
    go_on, gone = asyncio.Event(), asyncio.Event()

    async def slow(item: Item, value: int) -> None:
        await go_on.wait()
        item.set_local_value(value)
        gone.set()

    item = IntegerItem("/X", 1, True, slow)
    assert (await write(item, 5, tasks), item.value) == (REFUSED, 1)
    go_on.set()
    await gone.wait()
    assert item.value == 5


async def test_callbacks_that_never_end_do_not_pile_up(monkeypatch: pytest.MonkeyPatch, tasks: Tasks) -> None:
    monkeypatch.setattr(writing, "ANSWER_LIMIT_S", 0.01)
    started = 0

    async def never(_item: Item, _value: int) -> None:
        nonlocal started
        started += 1
        await asyncio.sleep(3600)

    item = IntegerItem("/X", 1, True, never)
    for value in range(2, 100):
        assert await write(item, value, tasks) == REFUSED
    assert started == writing.UNFINISHED_LIMIT


async def test_callback_that_goes_on_failing_is_logged_once_and_again_after_it_worked(
    tasks: Tasks, caplog: pytest.LogCaptureFixture
) -> None:
    async def invert(_: Item, value: int) -> bool:
        return bool(1 / value)

    for item in (IntegerItem("/Now", 9, True, lambda value: 1 / value), IntegerItem("/Later", 9, True, invert)):
        results = [await write(item, value, tasks) for value in (0, 0, 0, 1, 0)]
        assert results == [REFUSED, REFUSED, REFUSED, ACCEPTED, REFUSED]
        errors = [record for record in caplog.records if record.levelname == "ERROR" and item.path in record.message]
        assert len(errors) == 2


@pytest.mark.parametrize("hears_repeats", [False, True])
async def test_write_of_the_same_value_is_told_only_where_it_is_asked_for(tasks: Tasks, *, hears_repeats: bool) -> None:
    class Command(IntegerItem):
        pass

    Command.hears_repeats = hears_repeats
    told: list[int] = []

    def note(value: int) -> bool:
        told.append(value)
        return True

    item = Command("/X", 1, True, note)
    assert [await write(item, 1, tasks), await write(item, 1, tasks)] == [ACCEPTED, ACCEPTED]
    assert told == ([1, 1] if hears_repeats else [])
