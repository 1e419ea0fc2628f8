"""SunSpec: an inverter and its meters behind one unit are devices of their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from simulators.modbus.models import make_image
from simulators.modbus.server import TcpMeter
from simulators.modbus.station import Station
from tests.integration.modbus_client.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.peer

POWERS = {
    "com.victronenergy.pvinverter.sunspec_INV1": 2346.0,
    "com.victronenergy.grid.sunspec_MET7": 1500.0,
    "com.victronenergy.acload.sunspec_MET8": -620.0,
    "com.victronenergy.grid.sunspec_MET8_2": 75.0,
}


async def test_every_device_of_a_chain_has_its_service_also_after_a_restart_in_silence(tmp_path: Path) -> None:
    station = Station(make_image("sunspec_chain"))
    async with TcpMeter({1: station}) as inverter:
        place = f"tcp:127.0.0.1:{inverter.port}:1"
        config = f"devices: [{{spec: '{place}', silence: 1}}, {{spec: '{place}/3', silence: 1, role: acload}}]"
        async with Installation(tmp_path, config=config) as gx:
            gx.start()
            for service, power in POWERS.items():
                await gx.wait_value(service, "/Ac/Power", power)
                assert await gx.get(service, "/Manufacturer") == "Example AG"
            grids = [service for service in POWERS if ".grid." in service]
            assert {await gx.get(service, "/DeviceInstance") for service in grids} == {40, 41}
            assert gx.peer is not None
            await asyncio.to_thread(gx.peer.stop)
            station.behaviour.is_asleep = True
            gx.peer.start()
            for service in POWERS:
                await gx.wait_for(service, "/Connected", lambda value: value == 0)
                assert await gx.get(service, "/Ac/Power") is None
            station.behaviour.is_asleep = False
            for service, power in POWERS.items():
                await gx.wait_value(service, "/Ac/Power", power)


async def test_devices_of_a_chain_leave_with_its_first_one(tmp_path: Path) -> None:
    async with (
        TcpMeter({1: Station(make_image("sunspec_chain"))}) as inverter,
        Installation(tmp_path) as gx,
    ):
        gx.start()
        setting = ("com.victronenergy.settings", "/Settings/ModbusClient/tcp/Devices")
        await gx.wait_for(*setting, lambda value: value is not None)
        assert await gx.set(*setting, f"tcp:127.0.0.1:{inverter.port}:1") == 0
        meter = "com.victronenergy.grid.sunspec_MET7"
        await gx.wait_value(meter, "/Ac/Power", 1500.0)
        assert await gx.get(*setting) == f"tcp:127.0.0.1:{inverter.port}:1"  # only the first one is saved
        assert await gx.set(*setting, "") == 0
        await gx.wait_for(meter, "/Connected", lambda value: value is None)
