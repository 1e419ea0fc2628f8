"""Scans of a serial line and of addresses of this machine, and what happens beside the stock driver."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.scanner import Scanner
from simulators.modbus.image import Image
from simulators.modbus.models import make_image
from simulators.modbus.rtu import RtuMeter
from simulators.modbus.server import TcpMeter
from simulators.modbus.station import Station
from tests.integration.modbus_client.installation import PATIENCE_S, Installation
from velib_async.bus import open_bus
from velib_async.service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from modbus_client.protocol.spec import DeviceSpec

pytestmark = pytest.mark.peer

STOCK = "com.victronenergy.modbusclient.tcp"
OURS = "com.victronenergy.modbusclient.venusdaemons"
EM24 = "com.victronenergy.grid.cg_BY1234500"


@pytest.mark.slow
async def test_serial_scan_finds_devices_and_shows_progress(tmp_path: Path) -> None:
    stations = {1: Station(make_image("sdm630")), 2: Station(make_image("sdm230"))}
    async with RtuMeter(stations, rate=9600) as bus, Installation(tmp_path, "-s", bus.path, "-r", "9600") as gx:
        gx.start()
        await gx.wait_for(STOCK, "/ScanProgress", lambda value: value is not None and 0 < value < 100)
        await gx.wait_value("com.victronenergy.grid.ea_7001234", "/Ac/Power", 1234.0)
        await gx.wait_value("com.victronenergy.grid.cg_2304567", "/Ac/L1/Power", 1234.0)
        await gx.wait_for(STOCK, "/Scan", lambda value: value == 0)
        assert await gx.get(STOCK, "/ScanProgress") is None
        saved = await gx.get("com.victronenergy.settings", f"/Settings/ModbusClient/{bus.path[9:]}/Devices")
        assert saved == f"rtu:{bus.path}:9600:1,rtu:{bus.path}:9600:2"
        # Again, now between the requests of the devices that are polled.
        assert await gx.set(STOCK, "/Scan", 1) == 0
        await gx.wait_for(STOCK, "/ScanProgress", lambda value: value is not None)
        assert await gx.set(STOCK, "/Scan", 0) == 0
        await gx.wait_for(STOCK, "/ScanProgress", lambda value: value is None)
        assert await gx.get("com.victronenergy.grid.ea_7001234", "/Connected") == 1


async def test_a_scan_that_finds_nothing_ends_the_daemon_if_asked_to(tmp_path: Path) -> None:
    async with RtuMeter({}, rate=115200) as bus, Installation(tmp_path, "-x", "-s", bus.path, "-r", "115200") as gx:
        gx.start()
        await gx.wait_log("the scan found nothing")
        assert gx.peer is not None
        assert gx.peer.process is not None
        assert await asyncio.to_thread(gx.peer.process.wait, 30) == 1


async def test_network_scan_finds_what_answers_and_skips_what_is_known() -> None:
    found: list[DeviceSpec] = []
    steps: list[tuple[int, int]] = []

    async def keep(spec: DeviceSpec) -> None:
        found.append(spec)

    async with TcpMeter({1: Station(make_image("em24"))}) as meter:
        scanner = Scanner(
            load_catalogue(HOOKS), keep, lambda done, count: steps.append((done, count)), net_timeout_s=PATIENCE_S
        )
        hosts = [f"127.0.0.{n}" for n in range(1, 6)]
        assert await scanner.scan_network(hosts, {("udp", "127.0.0.5")}, meter.port) == 1
        assert [str(spec) for spec in found] == [f"tcp:127.0.0.1:{meter.port}:1"]
        assert steps[0] == (0, 9)
        assert steps[-1] == (9, 9)
        assert await scanner.scan_network(hosts[:1], {("tcp", "127.0.0.1")}, meter.port) == 0


async def test_network_scan_finds_every_unit_of_a_sunspec_address_once() -> None:
    """Two inverters at units 1 and 2, a meter at 240; unit 100 answers as if it were 1, 126 is no such device."""
    found: list[str] = []

    async def keep(spec: DeviceSpec) -> None:
        found.append(str(spec))

    images = {unit: make_image("sunspec_inverter") for unit in (1, 2, 100, 240)}
    for unit, serial in ((2, "SN0816"), (240, "MET1")):
        images[unit].put("h", 40052, "text16", serial)
    others = {unit: Image() for unit in (3, 61, 101, 126, 241)}
    units = {unit: Station(image) for unit, image in {**images, **others}.items()}
    async with TcpMeter(units) as inverters:
        scanner = Scanner(load_catalogue(HOOKS), keep, lambda *_: None, net_timeout_s=PATIENCE_S)
        assert await scanner.scan_network(["127.0.0.1"], {("udp", "127.0.0.1")}, inverters.port) == 3
    assert found == [f"tcp:127.0.0.1:{inverters.port}:{unit}" for unit in (1, 2, 240)]


async def test_beside_the_stock_driver_its_name_settings_and_devices_are_left_alone(tmp_path: Path) -> None:
    held = TcpMeter({1: Station(make_image("em24"))})
    async with held, Installation(tmp_path, "-F", f"tcp:127.0.0.1:{held.port}:1".replace("'", "")) as gx:
        stock_bus = await open_bus(gx.dbus.address)
        async with Service(stock_bus, STOCK) as stock:
            await stock.register()
            add = ("com.victronenergy.settings", "/", "com.victronenergy.Settings", "AddSettings", "aa{sv}")
            path = "/Settings/ModbusClient/tcp/Devices"
            await gx.bus.call(*add, [[{"path": path, "default": f"tcp:127.0.0.1:{held.port}:1"}]])
            gx.start()
            await gx.wait_log("is polled by the stock driver")
            await gx.wait_for(OURS, "/Scan", lambda value: value == 0)
            own = "/Settings/VenusDaemons/Modbus/tcp/Devices"
            assert await gx.get("com.victronenergy.settings", own) is not None
            assert held.connections == 0
            assert await gx.get(EM24, "/Connected") is None
        await stock_bus.close()
