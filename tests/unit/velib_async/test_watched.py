from __future__ import annotations

from typing import Any

import pytest

from velib_async import watched
from velib_async.client import Item, Monitor, Service
from velib_async.memory import MemoryHub


@pytest.fixture
async def monitor() -> Monitor:
    return Monitor(MemoryHub().connect(), handlers={})


async def test_values_are_kept_with_their_texts(monitor: Monitor) -> None:
    service = Service(monitor, "com.victronenergy.x.y", ":1.1")
    assert service.update_items({"/A": (1, "one"), "/B": (None, "---")}) == {"/A": 1, "/B": None}
    assert (service.get_value("/A"), service.get_text("/A")) == (1, "one")
    assert [service.seen(path) for path in ("/A", "/B", "/C")] == [True, True, False]
    assert (service.get_value("/C"), service.get_text("/C")) == (None, None)


async def test_older_values_do_not_replace_newer_ones(monitor: Monitor) -> None:
    service = Service(monitor, "com.victronenergy.x.y", ":1.1")
    service.update_items({"/A": (2, "two")})
    assert service.update_unseen_items({"/A": (1, "one"), "/B": (1, "one")}) == {"/A": 2, "/B": 1}
    assert service.get_text("/A") == "two"


async def test_items_may_be_of_the_users_own_making(monitor: Monitor) -> None:
    class Counting(Item):
        def __init__(self) -> None:
            super().__init__()
            self.updates = 0

        def update(self, value: Any, text: str | None = None) -> None:
            super().update(value, text)
            self.updates += 1

    class Counted(Service):
        make_item = Counting

    service = Counted(monitor, "com.victronenergy.x.y", ":1.1")
    service.update_unseen_items({"/A": (1, "one")})
    service.update_items({"/A": (2, "two")})
    service.update_unseen_items({"/A": (3, "three")})
    item = service.values["/A"]
    assert isinstance(item, Counting)
    assert (item.value, item.text, item.updates) == (2, "two", 2)


async def test_service_that_makes_up_paths_does_not_fill_us_up(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watched, "PATHS_LIMIT", 100)
    service = Service(monitor, "com.victronenergy.x.y", ":1.1")
    for number in range(1000):
        service.update_items({f"/P{number}": (number, None)})
    assert len(service.values) == 100
    assert service.update_items({"/P5": (0, None), "/P500": (0, None)}) == {"/P5": 0}
    assert caplog.text.count("not watched") == 1


async def test_changes_during_a_call_are_noted(monitor: Monitor) -> None:
    service = Service(monitor, "com.victronenergy.x.y", ":1.1")
    with service.noting_changes() as outer, service.noting_changes() as inner:
        service.update_items({"/A": (1, None)})
        assert (outer, inner) == ({"/A"}, {"/A"})
    service.update_items({"/B": (1, None)})
    assert outer == {"/A"}
    assert not service._notes
