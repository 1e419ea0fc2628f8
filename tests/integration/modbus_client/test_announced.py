"""A device that announced itself: listed, enabled, served; without multicast, which is not private to a test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from modbus_client.announced import Announced
from modbus_client.coexist import find_places
from modbus_client.configuration import Configuration
from modbus_client.devicelist import DeviceList
from modbus_client.fleet import Fleet
from modbus_client.hooks import HOOKS
from modbus_client.house import House, Memory
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.protocol.mdns import Announcement
from modbus_client.protocol.spec import parse_spec
from modbus_client.scanservice import ScanService
from simulators.modbus.models import make_image
from simulators.modbus.server import UdpMeter
from simulators.modbus.station import Station
from tests.integration.modbus_client.installation import Installation
from velib_async.localsettings import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.peer

CLIENT = "com.victronenergy.modbusclient.tcp"
IDENT = "ve_HQ2345ABCDE"
METER = f"com.victronenergy.grid.{IDENT}"


async def test_an_announced_meter_is_listed_and_served_once_enabled(tmp_path: Path) -> None:
    station = Station(make_image("vm3p"))
    async with UdpMeter({1: station}) as meter, Installation(tmp_path) as gx:
        places = await find_places(gx.bus, replace_stock=False)
        settings = await Settings.open(gx.bus)
        house = House(settings, Memory(tmp_path / "state.json"), gx.dbus.address, None, "1")
        config = Configuration()
        async with Fleet(config, load_catalogue(HOOKS), HOOKS, house) as fleet:
            devices = DeviceList(settings, places, fleet, [])
            await devices.open(gx.bus, [])
            scans = ScanService(config, fleet, devices, house)
            await scans.open(places.service)
            announced = Announced(fleet, house, scans)
            scans.on_enable = announced.enable
            task = asyncio.create_task(announced.run())
            for _ in range(3):
                announced.hear(Announcement("_victron-energy-meter._udp", "Meter", "127.0.0.1", meter.port))
            await gx.wait_for(CLIENT, f"/Devices/{IDENT}/Enabled", lambda value: value == 0)
            assert await gx.get(CLIENT, f"/Devices/{IDENT}/Serial") == "HQ2345ABCDE"
            assert await gx.get(CLIENT, f"/Devices/{IDENT}/Name") == "Meter"
            assert await gx.get(METER, "/Ac/Power") is None
            assert await gx.set(CLIENT, f"/Devices/{IDENT}/Enabled", 1) == 0
            await gx.wait_value(METER, "/Ac/Power", 1234.0, 0.6)
            spec = parse_spec("tcp:127.0.0.1:1:1")
            await devices.save("tcp", [spec])  # a scan found another one
            await devices.follow()
            assert len(fleet.units) == 2
            await settings.set(devices.path("tcp"), "")
            await devices.follow()
            assert [unit.ident for unit in fleet.units] == [IDENT]
            assert await gx.get("com.victronenergy.settings", f"/Settings/Devices/{IDENT}/Enabled") == 1
            assert await gx.set(CLIENT, f"/Devices/{IDENT}/Enabled", 0) == 0
            await gx.wait_for(METER, "/Ac/Power", lambda value: value is None)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await scans.close()
        await settings.close()
