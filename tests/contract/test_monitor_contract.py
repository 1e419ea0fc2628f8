"""What a Monitor sees of services that come, change and go, on every kind of bus."""

# ruff: noqa: N802, ARG002, RUF012 - aiovelib's names and manners

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.network import until
from velib_async import tracking
from velib_async.bus import BUS_ITEM, UNKNOWN_METHOD
from velib_async.client import Monitor, ServiceHandler, servicetype
from velib_async.client import Service as Watched
from velib_async.errors import BusLost
from velib_async.names import request_name
from velib_async.service import DoubleItem, IntegerItem, Service, TextItem
from velib_async.values import Variant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.contract.network import Network
    from velib_async.bus import IncomingCall

NAME = "com.victronenergy.grid.one"
SHORT_S = 0.2  # in place of the two seconds for which `create` waits for services that do not answer


class Grid(Watched):
    servicetype = "com.victronenergy.grid"


class Diary(Monitor):
    """A Monitor that writes down what it is told."""

    events: list[tuple[Any, ...]]

    def itemsChanged(self, service: Watched, values: dict[str, Any]) -> None:
        self.events.append(("changed", service.name, values))

    async def serviceAdded(self, service: Watched) -> None:
        self.events.append(("added", service.name))

    async def serviceRemoved(self, service: Watched) -> None:
        self.events.append(("removed", service.name))


HANDLERS = {"com.victronenergy.grid": Grid}


async def watch(network: Network, handlers: dict[str, type[Watched]] | None = None) -> Diary:
    diary = Diary(await network.connect(), handlers=HANDLERS if handlers is None else handlers)
    diary.events = []
    await diary.start()
    return diary


async def serve(network: Network, name: str = NAME) -> Service:
    service = Service(await network.connect(), name)
    service.add_item(IntegerItem("/DeviceInstance", 1))
    service.add_item(DoubleItem("/Ac/Power", 5.0, writeable=True, text=lambda v: f"{v:.0f} W"))
    await service.register()
    return service


async def serve_old_style(network: Network, answer: Callable[[IncomingCall], bool], name: str = NAME) -> Any:
    """A program that answers calls in its own way."""
    bus = await network.connect()
    bus.set_call_handler(answer)
    await request_name(bus, name)
    return bus


async def test_services_that_are_there_are_known_after_create(network: Network) -> None:
    await serve(network)
    await serve(network, "com.victronenergy.tank.other")
    monitor = await watch(network)
    assert [service.name for service in monitor.services] == [NAME]
    service = monitor.get_service(NAME)
    assert isinstance(service, Grid)
    assert monitor.get_value(NAME, "/Ac/Power") == 5.0
    assert service.get_text("/Ac/Power") == "5 W"
    assert monitor.get_value(NAME, "/Nope", 3) is None
    assert monitor.get_value("com.victronenergy.grid.two", "/Ac/Power", 3) == 3
    assert (monitor.seen(NAME, "/Ac/Power"), monitor.seen(NAME, "/Nope")) == (True, False)
    assert monitor.events == [("added", NAME)]
    await monitor.close()


async def test_changes_are_told_in_order(network: Network) -> None:
    service = await serve(network)
    monitor = await watch(network)
    for number in range(5):
        with service as context:
            context["/Ac/Power"] = number
            context["/DeviceInstance"] = number
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await until(lambda: monitor.get_value(NAME, "/Ac/Power") == 4.0)
    powers = [event[2]["/Ac/Power"] for event in monitor.events if event[0] == "changed"]
    assert powers == sorted(powers)
    assert powers[-1] == 4.0
    await monitor.close()


async def test_properties_changed_counts_too(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "START_LIMIT_S", SHORT_S)
    bus = await serve_old_style(network, lambda _: False)
    service = Service(bus2 := await network.connect(), "com.victronenergy.grid.two")
    service.add_item(IntegerItem("/X", 1))
    await service.register()
    monitor = await watch(network)
    await monitor.wait_for_service(service.name)
    bus2.send_signal("/X", BUS_ITEM, "PropertiesChanged", "a{sv}", [{"Value": 7, "Text": "seven"}])
    bus2.send_signal("/X", BUS_ITEM, "PropertiesChanged", "a{sv}", [{"Min": 7}])  # no news
    await until(lambda: monitor.get_value(service.name, "/X") == 7)
    assert monitor.events[-1] == ("changed", service.name, {"/X": 7})
    await monitor.close()
    await bus.close()


async def test_services_come_go_and_come_back_in_order(network: Network) -> None:
    monitor = await watch(network)
    waiting = asyncio.ensure_future(monitor.wait_for_service(NAME))
    for _ in range(3):
        service = await serve(network)
        await service.close()
    service = await serve(network)
    found = await waiting
    assert found.name == NAME
    await until(lambda: (known := monitor.get_service(NAME)) is not None and known.get_value("/Ac/Power") == 5.0)
    assert await monitor.wait_for_service(NAME) is monitor.get_service(NAME)
    events = [event[0] for event in monitor.events if event[0] != "changed"]
    assert events == ["added", "removed"] * (len(events) // 2) + ["added"]
    await monitor.close()


async def test_service_without_get_items_is_read_the_old_way(network: Network) -> None:
    def answer(call: IncomingCall) -> bool:
        match call.path, call.member:
            case "/", "GetValue":
                call.reply("v", {"Ac/Power": 7, "Ac/L1/Voltage": None})
            case "/", "GetText":
                call.reply("v", {"Ac/Power": "7 W", "Ac/L1/Voltage": "---"})
            case _:
                call.refuse(UNKNOWN_METHOD, "only the old way")
        return True

    await serve_old_style(network, answer)
    monitor = await watch(network)
    service = await monitor.wait_for_service(NAME)
    assert {path: (item.value, item.text) for path, item in service.values.items()} == {
        "/Ac/Power": (7, "7 W"),
        "/Ac/L1/Voltage": (None, "---"),
    }
    assert service.seen("/Ac/L1/Voltage")
    await monitor.close()


async def test_dead_service_blocks_no_other_and_is_added_when_it_speaks(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "START_LIMIT_S", SHORT_S)
    refuse = True

    def answer(call: IncomingCall) -> bool:
        if refuse:
            call.refuse("com.example.Error.Busy", "starting up")
        else:
            call.reply("a{sa{sv}}", {"/Ac/Power": {"Value": 1.0, "Text": "1"}})
        return True

    silent = await serve_old_style(network, lambda _: True, "com.victronenergy.grid.silent")
    busy = await serve_old_style(network, answer, "com.victronenergy.grid.busy")
    await serve(network)
    async with asyncio.timeout(20):  # `create` does not wait for the silent one; a call would take 25 s
        monitor = await watch(network)
        await monitor.wait_for_service(NAME)
    assert [service.name for service in monitor.services] == [NAME]
    refuse = False
    busy.send_signal("/Ac/Power", BUS_ITEM, "PropertiesChanged", "a{sv}", [{"Value": 2.0}])
    service = await monitor.wait_for_service("com.victronenergy.grid.busy")
    assert service.get_value("/Ac/Power") == 2.0  # the signal is newer than what the scan found
    assert monitor.get_service("com.victronenergy.grid.silent") is None
    await monitor.close()
    await silent.close()


async def test_signal_during_the_scan_wins_over_the_scan(network: Network) -> None:
    calls: list[IncomingCall] = []

    def answer(call: IncomingCall) -> bool:
        calls.append(call)
        return True

    bus = await serve_old_style(network, answer)
    starting = asyncio.ensure_future(watch(network))
    await until(lambda: calls)
    bus.send_signal("/", BUS_ITEM, "ItemsChanged", "a{sa{sv}}", [{"/A": {"Value": 2, "Text": "2"}}])
    calls[0].reply("a{sa{sv}}", {"/A": {"Value": 1, "Text": "1"}, "/B": {"Value": 1, "Text": "1"}})
    monitor = await starting
    service = await monitor.wait_for_service(NAME)
    assert (service.get_value("/A"), service.get_value("/B")) == (2, 1)
    await monitor.close()


async def test_only_wanted_paths_are_kept(network: Network) -> None:
    class PowerOnly(Watched):
        paths = {"/Ac/Power"}

    service = await serve(network)
    monitor = await watch(network, {"com.victronenergy.grid": PowerOnly})
    watched = await monitor.wait_for_service(NAME)
    with service as context:
        context["/DeviceInstance"] = 9
        context["/Ac/Power"] = 9
    await until(lambda: len(monitor.events) > 1)
    assert monitor.events[1:] == [("changed", NAME, {"/Ac/Power": 9.0})]
    assert set(watched.values) == {"/Ac/Power"}
    assert await watched.fetch_value("/DeviceInstance") == 9
    service.item("/DeviceInstance").set_local_value(10)
    await until(lambda: watched.get_value("/DeviceInstance") == 10)
    assert PowerOnly.paths == {"/Ac/Power"}  # other services of this type are not concerned
    await monitor.close()


async def test_values_are_written(network: Network) -> None:
    service = await serve(network)
    service.add_item(IntegerItem("/Limited", 1, writeable=True, minimum=0, maximum=5))
    monitor = await watch(network)
    watched = await monitor.wait_for_service(NAME)
    assert await monitor.set_value(NAME, "/Ac/Power", 7) == 0
    assert await watched.set_value("/Limited", 6) == 1
    assert await watched.set_value("/Nope", 6) == -1
    assert await monitor.set_value("com.victronenergy.grid.two", "/X", 6) == -1
    assert monitor.set_value_async(NAME, "/Ac/Power", 8) is None
    assert monitor.set_value_async(NAME, "/Nope", 8) == -1
    await until(lambda: monitor.get_value(NAME, "/Ac/Power") == 8.0)
    assert (await watched.fetch_min("/Limited"), await watched.fetch_max("/Limited")) == (0, 5)
    assert await watched.fetch_min("/Ac/Power") is None
    await monitor.close()


async def test_callbacks_that_raise_do_no_harm(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    class Clumsy(Monitor):
        async def serviceAdded(self, service: Watched) -> None:
            raise RuntimeError("added on purpose")

        def itemsChanged(self, service: Watched, values: dict[str, Any]) -> None:
            raise RuntimeError("changed on purpose")

    service = await serve(network)
    monitor = await Clumsy.create(await network.connect(), handlers=HANDLERS)
    service.item("/Ac/Power").set_local_value(6)
    await until(lambda: monitor.get_value(NAME, "/Ac/Power") == 6.0)
    assert "added on purpose" in caplog.text
    assert "changed on purpose" in caplog.text
    service.item("/Ac/Power").set_local_value(7)
    await until(lambda: monitor.get_value(NAME, "/Ac/Power") == 7.0)
    lines = [record for record in caplog.records if record.levelname == "ERROR" and "itemsChanged" in record.message]
    assert len(lines) == 1  # it fails each time; one line is enough
    await monitor.close()


async def test_callback_can_be_given_instead_of_overridden(network: Network) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    service = await serve(network)
    monitor = await Monitor.create(
        await network.connect(), lambda service, values: told.append((service.name, values)), HANDLERS
    )
    service.item("/Ac/Power").set_local_value(6)
    await until(lambda: told)
    assert told == [(NAME, {"/Ac/Power": 6.0})]
    await monitor.close()


async def test_handlers_are_found_by_their_class_when_the_monitor_is_made(network: Network) -> None:
    await serve(network, "com.victronenergy.pump.one")
    before = await Monitor.create(await network.connect())

    class PumpService(Watched, ServiceHandler):
        servicetype = "com.victronenergy.pump"

    after = await Monitor.create(await network.connect())
    assert before.get_service("com.victronenergy.pump.one") is None
    assert isinstance(after.get_service("com.victronenergy.pump.one"), PumpService)
    for monitor in (before, after):
        await monitor.close()
    del PumpService, after, monitor, before
    gc.collect()
    later = await Monitor.create(await network.connect())
    assert later.get_service("com.victronenergy.pump.one") is None  # nothing is left behind by this test
    await later.close()


async def test_handler_can_be_registered_by_a_decorator(network: Network) -> None:
    @Watched.handler("com.victronenergy.motordrive")
    class Motor(Watched):
        pass

    await serve(network, "com.victronenergy.motordrive.one")
    monitor = await Monitor.create(await network.connect())
    assert isinstance(monitor.get_service("com.victronenergy.motordrive.one"), Motor)
    await monitor.close()


async def test_lost_bus_ends_the_waiting(network: Network) -> None:
    monitor = await watch(network)
    waiting = asyncio.ensure_future(monitor.wait_for_service(NAME))
    await asyncio.sleep(0.05)
    network.stop()
    lost: list[Awaitable[None]] = [monitor.wait_lost()]
    for awaitable in lost:
        with pytest.raises(BusLost):
            await awaitable
    with pytest.raises(BusLost):
        await waiting
    await monitor.close()


def test_servicetype_is_the_first_three_parts() -> None:
    assert servicetype("com.victronenergy.grid.cgwacs_ttyUSB0_mb1") == "com.victronenergy.grid"
    assert servicetype("com.victronenergy.settings") == "com.victronenergy.settings"


async def test_close_is_harmless_when_repeated_or_early(network: Network) -> None:
    bus = await network.connect()
    await Monitor(bus, handlers={}).close()
    monitor = await Monitor.create(bus, handlers=HANDLERS)
    await monitor.close()
    await monitor.close()
    network.stop()
    with pytest.raises(BusLost):
        await bus.wait_lost()
    with pytest.raises(BusLost):
        await Monitor.create(bus, handlers=HANDLERS)


async def test_text_items_of_a_watched_service_arrive(network: Network) -> None:
    service = await serve(network)
    service.add_item(TextItem("/CustomName", "first"))
    monitor = await watch(network)
    await until(lambda: monitor.get_value(NAME, "/CustomName") == "first")
    service.remove_item("/CustomName")
    await until(lambda: monitor.get_value(NAME, "/CustomName") is None)
    await monitor.close()


NONSENSE: list[tuple[str, list[Any]]] = [
    ("", []),
    ("i", [5]),
    ("s", ["text"]),
    ("a{sv}", [{"/Ac/Power": 5}]),
    ("a{ss}", [{"/Ac/Power": "5"}]),
    ("a{sa{sv}}i", [{"/Ac/Power": {"Value": 5}}, 5]),
    ("aa{sv}", [[{"Value": 5}]]),
    ("a{sa{sv}}", [{"/Ac/Power": {}, "": {}, "x": {"Value": {"a": [1]}, "Text": 5}}]),
]


async def test_service_whose_tree_has_no_paths_is_followed_nevertheless(network: Network) -> None:
    def answer(call: IncomingCall) -> bool:
        match call.member:
            case "GetItems":
                call.refuse(UNKNOWN_METHOD, "")
            case _:
                call.reply("v", Variant("a{iv}", {5: Variant("i", 1)}))
        return True

    bus = await serve_old_style(network, answer)
    diary = await watch(network)
    await until(lambda: ("added", NAME) in diary.events)
    bus.send_signal("/X", BUS_ITEM, "PropertiesChanged", "a{sv}", [{"Value": 2, "Text": "2"}])
    await until(lambda: diary.get_value(NAME, "/X") == 2)
    await diary.close()


async def test_nonsense_from_a_service_harms_nobody(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    answers = iter(NONSENSE)

    def answer(call: IncomingCall) -> bool:
        signature, body = next(answers, ("i", [5]))
        call.reply(signature, *body)
        return True

    good = await serve(network)
    strange = await serve_old_style(network, answer, "com.victronenergy.grid.strange")
    monitor = await watch(network)
    assert monitor.get_value(NAME, "/Ac/Power") == 5.0
    for signature, body in NONSENSE:
        strange.send_signal("/", BUS_ITEM, "ItemsChanged", signature, body)
        strange.send_signal("/Ac/Power", BUS_ITEM, "PropertiesChanged", signature, body)
    for _ in NONSENSE:
        assert await monitor.set_value("com.victronenergy.grid.strange", "/X", 1) in (-1, 5)
        watched = Grid(monitor, "com.victronenergy.grid.strange", "")
        await watched.fetch_value("/X")
    good.item("/Ac/Power").set_local_value(6)
    await until(lambda: monitor.get_value(NAME, "/Ac/Power") == 6.0)
    assert "Traceback" not in caplog.text
    await monitor.close()
