"""Devices that are unplugged, asleep, or not there yet."""

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

EM24 = "com.victronenergy.grid.cg_BY1234500"
GROWATT = "com.victronenergy.pvinverter.pv_NAA1234567"


def _quick(meter: TcpMeter) -> str:
    return f"devices: [{{spec: 'tcp:127.0.0.1:{meter.port}:1', silence: 1}}]"


async def test_unplugged_meter_goes_unknown_and_comes_back(tmp_path: Path) -> None:
    image = make_image("em24")
    meter = TcpMeter({1: Station(image)})
    await meter.start()
    async with Installation(tmp_path, config=_quick(meter)) as gx:
        gx.start()
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        await meter.stop()
        await gx.wait_for(EM24, "/Connected", lambda value: value == 0)
        assert await gx.get(EM24, "/Ac/Power") is None
        assert await gx.get(EM24, "/Ac/L1/Voltage") is None
        assert await gx.get(EM24, "/Serial") == "BY1234500"
        await meter.start()
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        assert await gx.get(EM24, "/Connected") == 1
        await meter.stop()
        assert gx.output.count("is silent") == 1
        assert gx.output.count(" answers") == 2


@pytest.mark.parametrize("is_serial_server", [False, True])
async def test_a_host_that_has_lost_the_connection_is_connected_to_anew(
    tmp_path: Path, *, is_serial_server: bool
) -> None:
    async with TcpMeter({1: Station(make_image("em24"))}, rtu=is_serial_server) as meter:
        method = "rtutcp" if is_serial_server else "tcp"
        config = f"devices: [{{spec: '{method}:127.0.0.1:{meter.port}:1', silence: 1}}]"
        async with Installation(tmp_path, config=config) as gx:
            gx.start()
            await gx.wait_value(EM24, "/Ac/Power", 1234.0)
            meter.lose_connections()
            await gx.wait_log("is silent")
            await gx.wait_value(EM24, "/Ac/Power", 1234.0)
            assert await gx.get(EM24, "/Connected") == 1


@pytest.mark.slow
async def test_inverter_that_sleeps_at_night_stands_by(tmp_path: Path) -> None:
    station = Station(make_image("growatt"))
    async with (
        TcpMeter({1: station}) as inverter,
        Installation(tmp_path, config=_quick(inverter)) as gx,
    ):
        gx.start()
        await gx.wait_value(GROWATT, "/Ac/Power", 2345.6)
        station.behaviour.is_asleep = True
        await gx.wait_for(GROWATT, "/StatusCode", lambda value: value == 8)
        assert await gx.get(GROWATT, "/Connected") == 1
        assert await gx.get(GROWATT, "/Ac/Power") == 0.0
        assert await gx.get(GROWATT, "/Ac/L1/Current") == 0.0
        assert await gx.get(GROWATT, "/Ac/Voltage") is None
        assert await gx.get(GROWATT, "/Ac/Energy/Forward") == pytest.approx(9876.5)
        assert gx.peer is not None
        await asyncio.to_thread(gx.peer.stop)  # ... and after a restart at night
        gx.peer.start()
        await gx.wait_for(GROWATT, "/StatusCode", lambda value: value == 8)
        assert await gx.get(GROWATT, "/Connected") == 1
        assert await gx.get(GROWATT, "/Ac/Power") == 0.0
        assert await gx.get(GROWATT, "/Ac/Energy/Forward") == pytest.approx(9876.5)
        assert await gx.get(GROWATT, "/Ac/Voltage") is None
        station.behaviour.is_asleep = False
        await gx.wait_value(GROWATT, "/Ac/Power", 2345.6)
        await gx.wait_for(GROWATT, "/StatusCode", lambda value: value == 7)


async def test_a_silent_device_has_its_service_again_after_a_restart(tmp_path: Path) -> None:
    meter = TcpMeter({1: Station(make_image("em24"))})
    await meter.start()
    async with Installation(tmp_path, "-F", f"tcp:127.0.0.1:{meter.port}:1") as gx:
        gx.start()
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        assert gx.peer is not None
        await asyncio.to_thread(gx.peer.stop)
        await meter.stop()
        gx.peer.start()
        await gx.wait_for(EM24, "/Connected", lambda value: value == 0)
        assert await gx.get(EM24, "/Serial") == "BY1234500"
        assert await gx.get(EM24, "/Ac/Power") is None
        await meter.start()
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        await meter.stop()
