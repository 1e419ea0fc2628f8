"""The corners of following services; the rest is in tests/contract."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from velib_async import tracking
from velib_async.bus import BUS_ITEM
from velib_async.client import Monitor
from velib_async.client import Service as Watched
from velib_async.memory import MemoryBus, MemoryHub
from velib_async.names import release_name, request_name

if TYPE_CHECKING:
    import pytest

    from velib_async.bus import IncomingCall

NAME = "com.victronenergy.grid.one"


class Slow(Monitor):
    """Takes its time when it is told something, and writes down when it begins and ends."""

    def __init__(self, bus: MemoryBus) -> None:
        super().__init__(bus, handlers={"com.victronenergy.grid": Watched})
        self.events: list[str] = []

    async def serviceAdded(self, service: Watched) -> None:  # noqa: N802
        await self._tell(f"added {service.owner}")

    async def serviceRemoved(self, service: Watched) -> None:  # noqa: N802
        await self._tell(f"removed {service.owner}")

    async def _tell(self, what: str) -> None:
        self.events.append(f"{what} begins")
        try:
            for _ in range(20):
                await asyncio.sleep(0)
        finally:
            self.events.append(f"{what} ends")


def answering(calls: list[IncomingCall] | None = None) -> Any:
    def answer(call: IncomingCall) -> bool:
        if calls is not None:
            calls.append(call)
        call.reply("a{sa{sv}}", {"/X": {"Value": 1, "Text": "1"}})
        return True

    return answer


async def settle(turns: int = 200) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_what_is_told_of_one_name_never_overlaps() -> None:
    hub = MemoryHub()
    monitor = Slow(hub.connect())
    await monitor.start()
    for turns in (0, 1, 5, 10, 15, 30, 60, 200):
        bus = hub.connect()
        bus.set_call_handler(answering())
        await request_name(bus, NAME)
        await settle(turns)
        await bus.close()
    await settle()
    open_events = 0
    for event in monitor.events:
        open_events += 1 if event.endswith("begins") else -1
        assert open_events in (0, 1), monitor.events
    added = [event.split()[1] for event in monitor.events if event.startswith("added") and event.endswith("begins")]
    removed = [event.split()[1] for event in monitor.events if event.startswith("removed") and event.endswith("begins")]
    assert added == removed
    assert added
    assert not monitor._tracker._removals
    assert not monitor._tracker._by_owner
    await monitor.close()


async def test_two_names_of_one_connection_are_two_services() -> None:
    hub = MemoryHub()
    monitor = Slow(hub.connect())
    await monitor.start()
    bus = hub.connect()
    bus.set_call_handler(answering())
    await request_name(bus, NAME)
    await request_name(bus, "com.victronenergy.grid.two")
    await settle()
    bus.send_signal("/", BUS_ITEM, "ItemsChanged", "a{sa{sv}}", [{"/X": {"Value": 2}}])
    await settle()
    assert [monitor.get_value(name, "/X") for name in (NAME, "com.victronenergy.grid.two")] == [2, 2]
    await release_name(bus, NAME)
    await settle()
    assert [service.name for service in monitor.services] == ["com.victronenergy.grid.two"]
    await monitor.close()


async def test_service_that_fails_and_talks_all_the_time_is_not_asked_all_the_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tracking, "RESCAN_PAUSE_S", 0.05)
    calls: list[IncomingCall] = []

    def refuse(call: IncomingCall) -> bool:
        calls.append(call)
        call.refuse("com.example.Error.Busy", "not now")
        return True

    hub = MemoryHub()
    monitor = Slow(hub.connect())
    await monitor.start()
    bus = hub.connect()
    bus.set_call_handler(refuse)
    await request_name(bus, NAME)
    loop = asyncio.get_running_loop()
    begin = loop.time()
    while len(calls) < 5:
        bus.send_signal("/X", BUS_ITEM, "PropertiesChanged", "a{sv}", [{"Value": 1}])
        await asyncio.sleep(0.001)
    assert len(calls) <= (loop.time() - begin) / 0.05 + 1
    assert caplog.text.count("cannot be read") == 1
    await monitor.close()


async def test_service_that_says_nothing_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tracking, "RESCAN_PAUSE_S", 0.01)
    monkeypatch.setattr(tracking, "RESCAN_S", 0.05)
    caplog.set_level("INFO")
    calls: list[IncomingCall] = []

    def recover(call: IncomingCall) -> bool:
        calls.append(call)
        if len(calls) < 3:
            call.refuse("com.example.Error.Busy", "not now")
        else:
            call.reply("a{sa{sv}}", {"/X": {"Value": 1, "Text": "1"}})
        return True

    hub = MemoryHub()
    bus = hub.connect()
    bus.set_call_handler(recover)
    await request_name(bus, NAME)
    monitor = Slow(hub.connect())
    await monitor.start()
    assert (await monitor.wait_for_service(NAME)).get_value("/X") == 1
    assert "can be read now" in caplog.text
    await monitor.close()


async def test_service_without_wanted_paths_is_not_read_at_all() -> None:
    class Nothing(Watched):
        paths: set[str] | None = set()  # noqa: RUF012 - aiovelib's manner

    hub = MemoryHub()
    calls: list[IncomingCall] = []
    bus = hub.connect()
    bus.set_call_handler(answering(calls))
    await request_name(bus, NAME)
    monitor = await Monitor.create(hub.connect(), handlers={"com.victronenergy.grid": Nothing})
    assert monitor.get_service(NAME) is not None
    assert not calls
    await monitor.close()


async def test_callback_gets_the_monitor_if_it_wants_three_arguments() -> None:
    hub = MemoryHub()
    bus = hub.connect()
    bus.set_call_handler(answering())
    await request_name(bus, NAME)
    told: list[tuple[object, ...]] = []
    monitors = [
        await Monitor.create(hub.connect(), callback, handlers={"com.victronenergy.grid": Watched})
        for callback in (
            lambda service, values: told.append((service.name, values)),
            lambda monitor, service, values: told.append((monitor.get_service(NAME) is service, values)),
            lambda *arguments: told.append((len(arguments),)),
        )
    ]
    bus.send_signal("/", BUS_ITEM, "ItemsChanged", "a{sa{sv}}", [{"/X": {"Value": 2}}])
    await settle()
    assert told == [(NAME, {"/X": 2}), (True, {"/X": 2}), (2,)]
    for monitor in monitors:
        await monitor.close()


async def test_close_does_not_wait_for_a_bus_that_answers_nothing() -> None:
    hub = MemoryHub()
    provider = hub.connect()
    provider.set_call_handler(answering())
    await request_name(provider, NAME)
    monitor = await Monitor.create(hub.connect(), handlers={"com.victronenergy.grid": Watched})
    assert monitor.get_value(NAME, "/X") == 1
    hub.pause()
    async with asyncio.timeout(20):  # a call's own limit is 25 s
        await monitor.close()
