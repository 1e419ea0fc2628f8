"""The fast reader on a real bus: it takes over, and leaves to the library what is the library's."""

from __future__ import annotations

import asyncio
import importlib
import time
from typing import TYPE_CHECKING, Any

import dbus_fast._private.unmarshaller
import pytest

from tests.contract.network import until
from velib_async._dbus import adapt
from velib_async.bus import BUS_ITEM, Changes, Library, open_bus
from velib_async.client import Monitor, Service, ServiceHandler
from velib_async.errors import BusLost
from velib_async.service import DoubleItem
from velib_async.service import Service as OwnService

if TYPE_CHECKING:
    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]
LIBRARIES: tuple[Library, ...] = ("dbus_fast", "dbus_next")
PATIENCE_S = 30.0
IS_COMPILED = dbus_fast._private.unmarshaller.is_compiled()
RULE = f"type='signal',interface='{BUS_ITEM}'"


async def connect(daemon: DBusDaemon, library: Library) -> Any:
    return await importlib.import_module(f"{library}.aio").MessageBus(bus_address=daemon.address).connect()


async def watch(message_bus: Any) -> asyncio.Queue[Changes]:
    """Adapts a MessageBus and collects what it hears of changes."""
    received: asyncio.Queue[Changes] = asyncio.Queue()
    bus = adapt(message_bus)
    bus.add_changes_handler(lambda _, changes: received.put_nowait(changes))
    await bus.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "AddMatch", "s", [RULE])
    return received


async def provide(daemon: DBusDaemon) -> OwnService:
    service = OwnService(await open_bus(daemon.address), "com.victronenergy.test.reader")
    service.add_item(DoubleItem("/Value", 0.0))
    await service.register()
    return service


async def change(service: OwnService, value: float, received: asyncio.Queue[Changes]) -> Changes:
    service.item("/Value").set_local_value(value)
    async with asyncio.timeout(PATIENCE_S):
        return await received.get()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_takes_over_where_it_can(dbus_daemon: DBusDaemon, library: Library) -> None:
    message_bus = await connect(dbus_daemon, library)
    assert (adapt(message_bus).reader is None) == (library == "dbus_fast" and IS_COMPILED)
    await adapt(message_bus).close()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_same_changes_with_and_without_handlers_of_others(dbus_daemon: DBusDaemon, library: Library) -> None:
    service = await provide(dbus_daemon)
    message_bus = await connect(dbus_daemon, library)
    received = await watch(message_bus)
    heard: list[str] = []

    def listen(message: Any) -> None:
        if message.interface == BUS_ITEM:
            heard.append(message.member)

    for value in (1.0, 2.0, 3.0):
        assert await change(service, value, received) == {"/Value": (value, str(value))}
    message_bus.add_message_handler(listen)
    for value in (4.0, 5.0):
        assert await change(service, value, received) == {"/Value": (value, str(value))}
    assert heard == ["ItemsChanged"] * 2
    message_bus.remove_message_handler(listen)
    assert await change(service, 6.0, received) == {"/Value": (6.0, "6.0")}
    await adapt(message_bus).close()
    await service.bus.close()


@pytest.mark.parametrize("where", ["coroutine", "handler"])
@pytest.mark.parametrize("library", LIBRARIES)
async def test_no_message_is_lost_or_doubled_when_it_takes_over(
    dbus_daemon: DBusDaemon, library: Library, where: str
) -> None:
    service = await provide(dbus_daemon)
    message_bus = await connect(dbus_daemon, library)
    api = importlib.import_module(library)
    arguments = {"destination": "org.freedesktop.DBus", "path": "/", "interface": "org.freedesktop.DBus"}
    await message_bus.call(api.Message(**arguments, member="AddMatch", signature="s", body=[RULE]))
    by_library: list[float] = []
    by_us: list[float] = []

    def take_over() -> None:
        adapt(message_bus).add_changes_handler(lambda _, changes: by_us.append(changes["/Value"][0]))

    def listen(message: Any) -> None:
        if message.interface == BUS_ITEM:
            by_library.append(message.body[0]["/Value"]["Value"].value)
            if where == "handler" and len(by_library) == 100:
                take_over()

    message_bus.add_message_handler(listen)
    for value in range(1, 301):
        service.item("/Value").set_local_value(float(value))
        for _ in range(3):
            await asyncio.sleep(0)
        if value % 50 == 0:
            time.sleep(0.01)  # noqa: ASYNC251 - lets several messages wait to be read at once
        if value == 100 and where == "coroutine":
            take_over()
    await until(lambda: 300.0 in by_us)
    assert by_library == [float(value) for value in range(1, 301)]
    assert by_us == by_library[-len(by_us) :]
    await adapt(message_bus).close()
    await service.bus.close()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_end_of_the_bus_is_reported_by_it(dbus_daemon: DBusDaemon, library: Library) -> None:
    bus = await open_bus(dbus_daemon.address, library=library)
    dbus_daemon.kill()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(BusLost):
            await bus.wait_lost()
    await bus.close()


class Watched(Service, ServiceHandler):
    servicetype = "com.victronenergy.test"


@pytest.mark.parametrize("library", LIBRARIES)
async def test_monitor_follows_many_messages(dbus_daemon: DBusDaemon, library: Library) -> None:
    service = await provide(dbus_daemon)
    bus = await open_bus(dbus_daemon.address, library=library)
    last = asyncio.Event()
    monitor = await Monitor.create(bus, lambda _, values: last.set() if values.get("/Value") == 200.0 else None)
    for value in range(1, 201):
        service.item("/Value").set_local_value(float(value))
        await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_S):
        await last.wait()
    await monitor.close()
    await bus.close()
    await service.bus.close()
