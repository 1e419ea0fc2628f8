"""Simulated devices on real sockets and ptys, the real daemon, a real D-Bus."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from simulators.modbus import controllers, meters
from simulators.modbus.server import Behaviour, RtuMeter, Station, TcpMeter, UdpMeter
from simulators.modbus.truths import genset_truths, inverter_truths, meter_truths
from tests.integration.modbus_client.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.peer

EM24 = "com.victronenergy.grid.cg_BY1234500"
GROWATT = "com.victronenergy.pvinverter.pv_NAA1234567"


@pytest.mark.parametrize("library", ["dbus_fast", "dbus_next"])
async def test_tcp_meter_is_on_the_bus_with_its_values(tmp_path: Path, library: str) -> None:
    async with TcpMeter({1: Station(meters.em24_ethernet(meter_truths()))}) as meter:
        spec = f"tcp:127.0.0.1:{meter.port}:1"
        async with Installation(tmp_path, "-F", spec, library=library) as gx:
            gx.start()
            await gx.wait_value(EM24, "/Ac/Power", 1234.0)
            for path, value in meter_truths().items():
                if "PowerFactor" not in path and not path.endswith(
                    ("1/Energy/Reverse", "2/Energy/Reverse", "3/Energy/Reverse")
                ):
                    await gx.wait_value(EM24, path, float(value))
            assert await gx.get(EM24, "/DeviceInstance") == 40
            assert await gx.get(EM24, "/ProductId") == 0xB017
            assert await gx.get(EM24, "/Mgmt/Connection") == "Modbus TCP 127.0.0.1"
            assert await gx.get(EM24, "/Connected") == 1
            assert await gx.get(EM24, "/Role") == "grid"
            assert await gx.get(EM24, "/Serial") == "BY1234500"
            assert await gx.get(EM24, "/NrOfPhases") == 3
            assert await gx.text(EM24, "/Ac/Power") == "1234.0 W"
            setting = "/Settings/Devices/cg_BY1234500/ClassAndVrmInstance"
            assert await gx.get("com.victronenergy.settings", setting) == "grid:40"


async def test_udp_meter_with_vreglink(tmp_path: Path) -> None:
    image = meters.vm3p75ct(meter_truths())
    service = "com.victronenergy.grid.ve_HQ2345ABCDE"
    async with (
        UdpMeter({1: Station(image)}) as meter,
        Installation(tmp_path, "-F", f"udp:127.0.0.1:{meter.port}:1") as gx,
    ):
        gx.start()
        await gx.wait_value(service, "/Ac/Power", 1234.0, 0.6)
        assert await gx.get(service, "/RefreshTime") == 20
        assert await gx.get(service, "/CustomName") == "Shore power"
        link = (service, "/Devices/0/VregLink", "com.victronenergy.VregLink")
        assert await gx.bus.call(*link, "GetVreg", "q", [0x0100]) == [0, b"\x00\x12\x34\xfe"]
        assert await gx.bus.call(*link, "GetVreg", "q", [0x4711]) == [0x8001, b""]
        assert await gx.bus.call(*link, "SetVreg", "qay", [0x010C, b"Jetty"]) == [0, b""]
        assert image.vregs[0x010C] == b"Jetty"
        assert await gx.set(service, "/CustomName", "Pontoon") == 0
        assert image.vregs[0x010C] == b"Pontoon"


async def test_serial_line_with_two_units(tmp_path: Path) -> None:
    stations = {1: Station(meters.sdm630(meter_truths())), 2: Station(meters.sdm230(meter_truths((1,))))}
    async with RtuMeter(stations, rate=38400) as bus:
        specs = f"rtu:{bus.path}:38400:1,rtu:{bus.path}:38400:2"
        async with Installation(tmp_path, "-F", specs) as gx:
            gx.start()
            await gx.wait_value("com.victronenergy.grid.ea_7001234", "/Ac/L2/Voltage", 231.0)
            await gx.wait_value("com.victronenergy.grid.cg_2304567", "/Ac/L1/Power", 1234.0)
            assert (
                await gx.get("com.victronenergy.grid.cg_2304567", "/Mgmt/Connection") == f"Modbus RTU {bus.path[5:]}:2"
            )


async def test_writes_are_confirmed_by_the_device(tmp_path: Path) -> None:
    image = controllers.evcs(
        {"/Ac/Power": 0.0, "/Ac/Energy/Forward": 1.0, **{f"/Ac/L{n}/Power": 0.0 for n in (1, 2, 3)}}
    )
    service = "com.victronenergy.evcharger.evc_HQ2211AAAAA"
    station = Station(image)
    async with TcpMeter({1: station}) as charger, Installation(tmp_path, "-F", f"tcp:127.0.0.1:{charger.port}:1") as gx:
        gx.start()
        await gx.wait_value(service, "/SetCurrent", 16.0)
        await gx.accept(service, "/SetCurrent", 10)
        assert image.registers["h", 5016] == 10
        assert await gx.set(service, "/SetCurrent", 33) != 0  # beyond the definition's limit
        image.read_only.add(("h", 5016))
        assert await gx.set(service, "/SetCurrent", 12) != 0  # refused by the device
        await gx.wait_value(service, "/SetCurrent", 10.0)
        station.behaviour.is_asleep = True
        started = asyncio.get_running_loop().time()
        assert await gx.set(service, "/SetCurrent", 14) != 0  # no answer
        assert asyncio.get_running_loop().time() - started < 20.0  # promised is 1 s
        station.behaviour.is_asleep = False
        assert await gx.set(service, "/Ac/Power", 1) != 0  # not writeable at all
        await gx.wait_log("refused with exception 4")


async def test_genset_starts_with_errors_and_tank(tmp_path: Path) -> None:
    image = controllers.dse(genset_truths())
    service = "com.victronenergy.genset.dse_99887766"
    async with (
        TcpMeter({1: Station(image)}) as genset,
        Installation(tmp_path, "-F", f"tcp:127.0.0.1:{genset.port}:1") as gx,
    ):
        gx.start()
        await gx.wait_value(service, "/Ac/L3/Power", 3000.0)
        await gx.wait_for(service, "/Error/0/Id", lambda value: value == "dse:w-4613")
        await gx.wait_value("com.victronenergy.tank.dse_99887766_0", "/Level", 55.0)
        await gx.accept(service, "/Start", 1)
        assert (image.registers["h", 4104], image.registers["h", 4105]) == (35732, 65535 - 35732)
        assert await gx.set(service, "/Start", 2) != 0


async def test_power_limit_respects_the_flash_of_the_inverter(tmp_path: Path) -> None:
    image = controllers.growatt(inverter_truths())
    async with (
        TcpMeter({1: Station(image)}) as inverter,
        Installation(tmp_path, "-F", f"tcp:127.0.0.1:{inverter.port}:1") as gx,
    ):
        gx.start()
        await gx.wait_value(GROWATT, "/Ac/MaxPower", 4200.0)
        await gx.wait_value(GROWATT, "/Ac/Power", 2345.6)
        await gx.accept(GROWATT, "/Ac/PowerLimit", 2100.0)
        assert image.registers["h", 3] == 50
        assert await gx.set(GROWATT, "/Internal/ExportLimitPowerRate", 50.0) != 0  # not opted in
        image.registers["h", 2] = 1
        await asyncio.sleep(5.5)  # the definition's interval between two limits
        assert await gx.set(GROWATT, "/Ac/PowerLimit", 4200.0) != 0
        assert image.registers["h", 3] == 50
        await gx.wait_log("would store each limit in its flash")


async def test_role_change_moves_the_service(tmp_path: Path) -> None:
    async with (
        TcpMeter({1: Station(meters.em24_ethernet(meter_truths()))}) as meter,
        Installation(tmp_path, "-F", f"tcp:127.0.0.1:{meter.port}:1") as gx,
    ):
        gx.start()
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        assert await gx.set(EM24, "/Role", "generator") != 0
        assert await gx.set(EM24, "/Role", "pvinverter") == 0
        moved = "com.victronenergy.pvinverter.cg_BY1234500"
        await gx.wait_value(moved, "/Ac/Power", 1234.0)
        assert await gx.get(EM24, "/Ac/Power") is None
        assert await gx.get(moved, "/Position") == 0
        assert await gx.get(moved, "/IsGenericEnergyMeter") == 1
        assert await gx.set(moved, "/CustomName", "Roof") == 0
        assert await gx.get("com.victronenergy.settings", "/Settings/Devices/cg_BY1234500/CustomName") == "Roof"


async def test_configuration_corrects_a_meter(tmp_path: Path) -> None:
    async with TcpMeter({1: Station(meters.sdm230(meter_truths((1,))))}) as meter:
        config = f"""
devices:
  - spec: tcp:127.0.0.1:{meter.port}:1
    model: eastron_sdm230
    role: pvinverter
    name: South roof
    phases: {{1: 3}}
    invert: true
    ct_ratio: 2
"""
        async with Installation(tmp_path, config=config) as gx:
            gx.start()
            service = "com.victronenergy.pvinverter.cg_2304567"
            await gx.wait_value(service, "/Ac/L3/Power", -2468.0)
            await gx.wait_value(service, "/Ac/Power", -2468.0)
            await gx.wait_value(service, "/Ac/Energy/Reverse", 2 * 100.5)
            assert await gx.get(service, "/CustomName") == "South roof"
            assert await gx.get(service, "/Ac/L1/Power") is None


async def test_devices_setting_is_followed_live(tmp_path: Path) -> None:
    async with TcpMeter({1: Station(meters.em24_ethernet(meter_truths()))}) as meter, Installation(tmp_path) as gx:
        gx.start()
        path = "/Settings/ModbusClient/tcp/Devices"
        await gx.wait_for("com.victronenergy.settings", path, lambda value: value is not None)
        assert await gx.set("com.victronenergy.settings", path, f"tcp:127.0.0.1:{meter.port}:1") == 0
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        assert await gx.set("com.victronenergy.settings", path, "") == 0
        await gx.wait_for(EM24, "/Ac/Power", lambda value: value is None)
        assert meter.connections == 1


async def test_noise_on_the_line_is_survived_and_counted(tmp_path: Path) -> None:
    manners = Behaviour(damage=0.2, loss=0.1)
    async with RtuMeter({1: Station(meters.sdm230(meter_truths((1,))), manners)}, rate=38400) as bus:
        config = f"devices: [{{spec: 'rtu:{bus.path}:38400:1', model: eastron_sdm230, fast_age: 0.2}}]"
        await _watch_noise(bus, Installation(tmp_path, config=config))


async def _watch_noise(bus: RtuMeter, installation: Installation) -> None:
    async with installation as gx:
        gx.start()
        service = "com.victronenergy.grid.cg_2304567"
        await gx.wait_value(service, "/Ac/L1/Power", 1234.0)
        await gx.wait_value(service, "/Ac/Energy/Total", 0.0)
        async with asyncio.timeout(30):
            while True:
                await asyncio.sleep(0.5)
                device = gx.status().get("devices", {}).get(f"rtu:{bus.path}:38400:1", {})
                if device.get("damaged", 0) > 0 and device.get("timeouts", 0) > 0:
                    break
        power = await gx.get(service, "/Ac/L1/Power")
        assert power is None or power == pytest.approx(1234.0)


async def test_a_disabled_device_leaves_the_bus_and_its_line(tmp_path: Path) -> None:
    station = Station(meters.em24_ethernet(meter_truths()))
    async with TcpMeter({1: station}) as meter, Installation(tmp_path, "-F", f"tcp:127.0.0.1:{meter.port}:1") as gx:
        gx.start()
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        setting = ("com.victronenergy.settings", "/Settings/Devices/cg_BY1234500/Enabled")
        assert await gx.set(*setting, 0) == 0
        await gx.wait_for(EM24, "/Ac/Power", lambda value: value is None)
        await asyncio.sleep(1.0)
        asked = station.requests
        await asyncio.sleep(2.0)
        assert station.requests == asked
        assert await gx.set(*setting, 1) == 0
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)


async def test_the_end_of_the_bus_ends_the_daemon(tmp_path: Path) -> None:
    async with (
        TcpMeter({1: Station(meters.em24_ethernet(meter_truths()))}) as meter,
        Installation(tmp_path, "-F", f"tcp:127.0.0.1:{meter.port}:1") as gx,
    ):
        gx.start()
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        gx.dbus.kill()
        assert gx.peer is not None
        assert gx.peer.process is not None
        assert await asyncio.to_thread(gx.peer.process.wait, 30) == 1
        await gx.wait_log("BusLost")
        assert "Traceback" not in gx.output, gx.output
