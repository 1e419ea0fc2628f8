"""A driver as people write them for aiovelib, on a MessageBus of its own: the names that it uses are here."""

# ruff: noqa: N802, RUF012 - aiovelib's names and manners

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

import pytest

from simulators.gx.settings import SettingsSimulator
from tests.contract.network import until
from velib_async.client import DbusException, Monitor
from velib_async.client import Service as Client
from velib_async.localsettings import SETTINGS_SERVICE, Setting, SettingException, SettingsService
from velib_async.service import DoubleItem, IntegerItem, Service, TextItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import ModuleType

    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded, pytest.mark.parametrize("library", ["dbus_next", "dbus_fast"])]

NAME = "com.victronenergy.heatpump.driver"


class Grid(Client):
    servicetype = "com.victronenergy.grid"
    paths = {"/Ac/Power"}


class DriverSettings(SettingsService):
    pass


class Driver(Monitor):
    """Follows the grid meter with its power, and lets the user choose by how much."""

    service: Service

    async def serve(self, bus: Any) -> None:
        self.service = Service(bus, NAME)
        self.service.add_item(IntegerItem("/DeviceInstance", 0))
        self.service.add_item(DoubleItem("/Ac/Power", None, text=lambda v: f"{v:.0f}W"))
        self.service.add_item(IntegerItem("/Position", 0, writeable=True))
        self.service.add_item(TextItem("/Status", "waiting"))
        await self.service.register()

    def itemsChanged(self, service: Client, values: dict[str, Any]) -> None:
        if service.name.startswith(Grid.servicetype) and "/Ac/Power" in self.service.objects:
            with self.service as s:
                s["/Ac/Power"] = values["/Ac/Power"]
                s["/Status"] = "running"


@pytest.fixture
async def buses(dbus_daemon: DBusDaemon, library: str) -> AsyncIterator[list[Any]]:
    """As an aiovelib driver connects: without this library's open_bus."""
    aio = importlib.import_module(f"{library}.aio")
    buses = [await aio.MessageBus(bus_address=dbus_daemon.address).connect() for _ in range(3)]
    yield buses
    for bus in buses:
        bus.disconnect()
        await bus.wait_for_disconnect()
        bus._stream.close()
        bus._sock.close()


async def test_driver_runs(dbus_daemon: DBusDaemon, library: str, buses: list[Any]) -> None:
    dbus: ModuleType = importlib.import_module(library)
    handlers: dict[str, type[Client]] = {Grid.servicetype: Grid, SETTINGS_SERVICE: DriverSettings}
    grid = Service(buses[0], "com.victronenergy.grid.meter")
    grid.add_item(DoubleItem("/Ac/Power", 400.0, writeable=True))
    async with SettingsSimulator(dbus_daemon.address), grid:
        await grid.register()
        driver = await Driver.create(buses[1], handlers=handlers)
        await driver.serve(buses[2])

        # Its values: those of aiovelib's items are the library's variants, with these two names.
        item = driver.service.objects["/Ac/Power"]
        assert (item.get_value().signature, item.get_value().value, item.get_text()) == ("ai", [], "---")
        grid.objects["/Ac/Power"].set_local_value(700.0)
        await until(lambda: driver.service["/Status"] == "running")
        assert (item.get_value().signature, item.get_value().value, str(item)) == ("d", 700.0, "700W")

        # Who is there
        services = dict(await driver.list_dbus_services())
        assert {NAME, grid.name, SETTINGS_SERVICE} <= set(services)
        assert await driver.get_dbus_name_owner(NAME) == services[NAME]
        assert await driver.get_dbus_name_owner("com.victronenergy.nobody") is None

        # A value whose type the driver wants to say itself
        assert await driver.dbus_call(NAME, "/Position", "SetValue", "v", dbus.Variant("q", 1)) == [0]
        assert driver.service["/Position"] == 1

        # Its settings, and what goes wrong with them
        settings = await driver.wait_for_service(SETTINGS_SERVICE)
        assert isinstance(settings, DriverSettings)
        await settings.add_settings(Setting("/Settings/Driver/Share", 3, 0, 5))
        assert settings.get_value("/Settings/Driver/Share") == 3
        with pytest.raises(SettingException) as caught:
            await settings.add_settings(Setting("/Settings/Driver/_Hidden", 1))
        assert isinstance(caught.value, DbusException)
        with pytest.raises(DbusException):
            await driver.dbus_call(NAME, "/Nowhere", "GetValue", "")

        # Signals of its own choice
        heard: list[Any] = []
        buses[1].add_message_handler(lambda message: heard.append(message.body) if message.member == "Tick" else None)
        rule = {"type": "signal", "interface": "com.example.Clock", "member": "Tick"}
        await driver.add_match(**rule)
        await send_tick(buses[0], dbus, 1)
        await until(lambda: heard)
        await driver.remove_match(**rule)
        await send_tick(buses[0], dbus, 2)
        await driver.list_dbus_services()  # the bus has answered, so the second one would have been here
        assert heard == [[1]]

        await driver.close()
        await driver.service.close()


async def send_tick(bus: Any, dbus: ModuleType, number: int) -> None:
    message = dbus.Message(
        message_type=dbus.MessageType.SIGNAL,
        path="/clock",
        interface="com.example.Clock",
        member="Tick",
        signature="i",
        body=[number],
    )
    await asyncio.wait_for(bus.send(message), 20)
    await bus.call(dbus.Message(destination="org.freedesktop.DBus", path="/", member="GetId"))  # the bus has seen it
