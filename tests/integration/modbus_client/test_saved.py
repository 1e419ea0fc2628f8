"""The saved devices: a scan by itself for what is missing, and what the stock driver takes and gives."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from modbus_client import coexist, devicelist
from modbus_client.coexist import OWN_SERVICE, OWN_SETTINGS, Places, find_places, read_held
from modbus_client.configuration import Configuration
from modbus_client.devicelist import DeviceList
from modbus_client.fleet import Fleet
from modbus_client.hooks import HOOKS
from modbus_client.house import House, Memory
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.protocol.spec import parse_spec
from modbus_client.scanservice import ScanService
from simulators.gx.settings import SettingsSimulator
from simulators.modbus.models import make_image
from simulators.modbus.rtu import RtuMeter
from simulators.modbus.server import TcpMeter
from simulators.modbus.station import Station
from tests.integration.modbus_client.installation import Installation
from velib_async.localsettings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path

pytestmark = pytest.mark.peer

CLIENT = "com.victronenergy.modbusclient.tcp"
SETTINGS = "com.victronenergy.settings"
EM24 = "com.victronenergy.grid.cg_BY1234500"


@asynccontextmanager
async def _fleet(gx: Installation, directory: Path) -> AsyncIterator[tuple[Fleet, Settings, House]]:
    settings = await Settings.open(gx.bus)
    house = House(settings, Memory(directory / "state.json"), gx.dbus.address, None, "1")
    async with Fleet(Configuration(), load_catalogue(HOOKS), HOOKS, house) as fleet:
        yield fleet, settings, house


@asynccontextmanager
async def _running(job: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(job)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_missing_is_scanned_for_again_while_autoscan_is_on(tmp_path: Path) -> None:
    stations: dict[int, Station] = {}
    async with (
        RtuMeter(stations, rate=115200) as line,
        Installation(tmp_path) as gx,
        _fleet(gx, tmp_path) as (fleet, settings, house),
    ):
        devices = DeviceList(settings, await find_places(gx.bus, replace_stock=False), fleet, [])
        await devices.open(gx.bus, [line.path])
        scans = ScanService(Configuration(), fleet, devices, house)
        scans.ttys, scans.rates = [line.path], [115200]
        await scans.open(CLIENT)
        async with _running(scans.run(now=False, full=False, must_find=False, period_s=0.2)):
            await gx.wait_for(CLIENT, "/Scan", lambda value: value == 1)
            stations[1] = Station(make_image("sdm630"))
            path = devices.path(devicelist.list_name(line.path))
            await gx.wait_for(SETTINGS, path, lambda value: value == f"rtu:{line.path}:115200:1")
            assert await gx.set(SETTINGS, f"{path.removesuffix('Devices')}AutoScan", 0) == 0
            await gx.wait_for(CLIENT, "/Scan", lambda value: value == 0)
            await asyncio.sleep(1.0)
            assert await gx.get(CLIENT, "/Scan") == 0
        await scans.close()


async def test_a_device_of_the_stock_driver_is_left_when_it_takes_it_and_served_when_it_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devicelist, "STOCK_CHECK_S", 0.1)
    async with (
        TcpMeter({1: Station(make_image("em24"))}) as meter,
        Installation(tmp_path) as gx,
        _fleet(gx, tmp_path) as (fleet, settings, _),
    ):
        spec = f"tcp:127.0.0.1:{meter.port}:1"
        add = (SETTINGS, "/", "com.victronenergy.Settings", "AddSettings", "aa{sv}")
        stock = "/Settings/ModbusClient/tcp/Devices"
        await gx.bus.call(*add, [[{"path": stock, "default": ""}]])
        places = replace(await find_places(gx.bus, replace_stock=False), service=OWN_SERVICE, settings=OWN_SETTINGS)
        devices = DeviceList(settings, places, fleet, [])
        await devices.open(gx.bus, [])
        async with _running(devices.follow_stock(gx.bus)):
            assert await gx.set(SETTINGS, devices.path("tcp"), spec) == 0
            await devices.follow()
            await gx.wait_value(EM24, "/Ac/Power", 1234.0)
            assert await gx.set(SETTINGS, stock, spec) == 0
            await gx.wait_for(EM24, "/Ac/Power", lambda value: value is None)
            assert await gx.set(SETTINGS, stock, "") == 0
            await gx.wait_value(EM24, "/Ac/Power", 1234.0)


async def test_what_the_stock_driver_holds_stays_its_own_while_localsettings_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devicelist, "STOCK_CHECK_S", 0.1)
    station = Station(make_image("em24"))
    async with (
        TcpMeter({1: station}) as meter,
        Installation(tmp_path) as gx,
        _fleet(gx, tmp_path) as (fleet, settings, _),
    ):
        spec = parse_spec(f"tcp:127.0.0.1:{meter.port}:1")
        places = Places(OWN_SERVICE, OWN_SETTINGS, frozenset({spec}))
        devices = DeviceList(settings, places, fleet, [spec])
        await devices.open(gx.bus, [])
        await gx.settings.__aexit__(None, None, None)
        try:
            assert await read_held(gx.bus) is None
            async with _running(devices.follow_stock(gx.bus)):
                await asyncio.sleep(1.0)
            assert fleet.units == []
            assert devices.held == {spec}
        finally:
            gx.settings = SettingsSimulator(gx.dbus.address)
            await gx.settings.__aenter__()


async def test_a_spec_that_is_still_looked_for_is_let_go_with_its_line(tmp_path: Path) -> None:
    async with (
        RtuMeter({}, rate=9600) as line,
        Installation(tmp_path) as gx,
        _fleet(gx, tmp_path) as (fleet, settings, _),
    ):
        devices = DeviceList(settings, await find_places(gx.bus, replace_stock=False), fleet, [])
        await devices.open(gx.bus, [])
        await settings.set(devices.path("tcp"), f"rtu:{line.path}:9600:0")
        await devices.follow()
        await gx.wait_until(lambda: any(driver.is_open for driver in fleet.lines), "the tty is open")
        await settings.set(devices.path("tcp"), "")
        await devices.follow()
        assert fleet.lines == []


async def test_a_scan_at_start_can_be_stopped_and_asked_for_again(tmp_path: Path) -> None:
    async with (
        RtuMeter({}, rate=1200) as line,
        Installation(tmp_path) as gx,
        _fleet(gx, tmp_path) as (fleet, settings, house),
    ):
        devices = DeviceList(settings, await find_places(gx.bus, replace_stock=False), fleet, [])
        await devices.open(gx.bus, [line.path])
        scans = ScanService(Configuration(), fleet, devices, house)
        scans.ttys, scans.rates = [line.path], [1200]
        await scans.open(CLIENT)
        async with _running(scans.run(now=True, full=True, must_find=False)):
            for _ in range(2):
                await gx.wait_for(CLIENT, "/Scan", lambda value: value == 1)
                assert await gx.set(CLIENT, "/Scan", 0) == 0
                await gx.wait_for(CLIENT, "/Scan", lambda value: value == 0)
                assert await gx.get(CLIENT, "/ScanProgress") is None
                assert await gx.set(CLIENT, "/Scan", 1) == 0
        await scans.close()


async def test_where_the_stock_driver_is_installed_its_name_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coexist, "STOCK_PROGRAM", tmp_path)
    async with Installation(tmp_path) as gx:
        assert (await find_places(gx.bus, replace_stock=False)).service == OWN_SERVICE
        assert (await find_places(gx.bus, replace_stock=True)).service == CLIENT
