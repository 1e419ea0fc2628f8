"""Announcing under pressure, and the corners of a Service's life. What others see is in tests/contract."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from velib_async import service as service_module
from velib_async.bus import BUS_ITEM
from velib_async.errors import VelibError
from velib_async.memory import MemoryBus, MemoryHub
from velib_async.names import add_match, match_rule
from velib_async.service import IntegerItem, Service

if TYPE_CHECKING:
    from collections.abc import Collection

    from velib_async.bus import Changes, Published

NAME = "com.victronenergy.test.unit"


class Listener:
    def __init__(self, bus: MemoryBus) -> None:
        self.messages: list[dict[str, Any]] = []
        self.bus = bus
        bus.add_changes_handler(self._keep)

    def _keep(self, _: str, changes: Changes) -> None:
        self.messages.append({path: value for path, (value, _) in changes.items()})


async def start(hub: MemoryHub, items: int, **options: Any) -> tuple[Service, Listener]:
    service = Service(hub.connect(), NAME, **options)
    for number in range(items):
        service.add_item(IntegerItem(f"/I{number}", 0))
    await service.register()
    listener = Listener(hub.connect())
    await add_match(listener.bus, match_rule(type="signal", interface=BUS_ITEM))
    return service, listener


def limit_messages(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """Has the bus take so many items at a time."""
    send = MemoryBus.send_items_changed

    def send_few(bus: MemoryBus, items: Collection[Published]) -> asyncio.Future[None]:
        if len(items) > limit:
            raise ValueError(f"{len(items)} items")
        return send(bus, items)

    monkeypatch.setattr(MemoryBus, "send_items_changed", send_few)


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_one_value_per_item_waits_for_a_busy_bus() -> None:
    hub = MemoryHub()
    service, listener = await start(hub, 3)
    hub.pause()
    for number in range(1, 100):
        with service as context:
            context["/I0"] = number
            context["/I1"] = -number
        await asyncio.sleep(0)
    hub.resume()
    await settle()
    assert listener.messages == [{"/I0": 1, "/I1": -1}, {"/I0": 99, "/I1": -99}]
    await service.close()


async def test_what_is_too_much_for_one_message_goes_out_in_several_whatever_the_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit_messages(monkeypatch, 4)
    service, listener = await start(MemoryHub(), 10, min_interval_s=3600)
    with service as context:
        for number in range(10):
            context[f"/I{number}"] = number + 1
    await settle()
    assert [len(message) for message in listener.messages] == [2, 2, 2, 2, 2]
    service.item("/I0").set_local_value(77)
    await settle()
    assert len(listener.messages) == 5  # not before an hour is over
    await service.close()
    assert listener.messages[5]["/I0"] is None  # but nothing holds the end back
    assert sum(len(message) for message in listener.messages[5:]) == 10


async def test_changes_in_a_block_stand_even_when_it_ends_in_an_error() -> None:
    service, listener = await start(MemoryHub(), 2)
    context = service.__enter__()
    context["/I0"] = 5
    assert context["/I0"] == 5
    with pytest.raises(KeyError, match=r"com\.victronenergy\.test\.unit has no item /Nope"):
        context["/Nope"] = 5
    service.__exit__(KeyError, None, None)
    with pytest.raises(ValueError, match="invalid literal"), service as context:
        context["/I1"] = "many"
    await settle()
    assert listener.messages == [{"/I0": 5}]
    await service.close()


async def test_blocks_nest_and_are_independent() -> None:
    service, listener = await start(MemoryHub(), 2)
    with service as outer:
        outer["/I0"] = 1
        with service as inner:
            inner["/I1"] = 2
        await settle()
        outer["/I0"] = 3
    await settle()
    assert listener.messages == [{"/I1": 2}, {"/I0": 3}]
    await service.close()


async def test_nothing_is_announced_before_the_name_is_asked_for() -> None:
    hub = MemoryHub()
    listener = Listener(hub.connect())
    await add_match(listener.bus, match_rule(type="signal", interface=BUS_ITEM))
    service = Service(hub.connect(), NAME)
    service.add_item(IntegerItem("/X", 1))
    service.item("/X").set_local_value(2)
    await settle()
    await service.register()
    await settle()
    assert listener.messages == []
    await service.close()


async def test_items_belong_to_one_service_and_one_path() -> None:
    hub = MemoryHub()
    service, other = Service(hub.connect(), NAME), Service(hub.connect(), NAME + "2")
    item = IntegerItem("/X", 1)
    service.add_item(item)
    assert (item.service, service.get_item("/X"), "/X" in service, "/Y" in service) == (service, item, True, False)
    with pytest.raises(ValueError, match="exists already"):
        service.add_item(IntegerItem("/X"))
    with pytest.raises(ValueError, match="belongs to"):
        other.add_item(item)
    service.remove_item("/X")
    other.add_item(item)
    assert (service.get_item("/X"), other["/X"]) == (None, None)
    with pytest.raises(KeyError, match="no item /X"):
        service.remove_item("/X")
    with pytest.raises(TypeError):
        service.items["/Y"] = item  # type: ignore[index]
    await service.close()
    await other.close()


async def test_close_is_harmless_when_repeated_or_when_the_bus_is_gone() -> None:
    hub = MemoryHub()
    service, _ = await start(hub, 2)
    hub.stop()
    async with asyncio.timeout(20):
        await service.close()
        await service.close()
        with pytest.raises(VelibError, match="was closed"):
            await service.register()


async def test_close_does_not_wait_for_ever_for_a_bus_that_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "CLOSE_LIMIT_S", 0.05)
    hub = MemoryHub()
    service, _ = await start(hub, 2)
    hub.pause()
    async with asyncio.timeout(20):
        await service.close()


async def test_close_ends_callbacks_that_still_run() -> None:
    hub = MemoryHub()
    service, listener = await start(hub, 0)
    cancelled = asyncio.Event()

    async def never(_item: object, _value: object) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            cancelled.set()

    service.add_item(IntegerItem("/W", 0, writeable=True, onchange=never))
    writing = asyncio.ensure_future(listener.bus.call(NAME, "/W", BUS_ITEM, "SetValue", "v", [5], timeout_s=0.5))
    await settle()
    await service.close()
    assert cancelled.is_set()
    writing.cancel()


async def test_removed_and_readded_path_announces_the_new_item() -> None:
    service, listener = await start(MemoryHub(), 1)
    service.remove_item("/I0")
    service.add_item(IntegerItem("/I0", 42))
    await settle()
    assert listener.messages == [{"/I0": 42}]
    await service.close()
