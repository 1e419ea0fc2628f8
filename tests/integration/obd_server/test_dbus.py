"""The vehicle on a simulated GX."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING

import pytest

from simulators.obd.engine import Engine
from simulators.obd.terminal import GarbageTerminal, ScriptedTerminal, SilentTerminal
from tests.integration.obd_server.station import LIMIT_S, Reader, Station
from tests.integration.obdio.program import connected
from tests.peers.missing_stdlib import gx_module_command

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

TANK, ENGINE, VEHICLE = "tank.obd_fuel", "alternator.obd_engine", "obd.obd_vehicle"
OWN = """
COOLANT_RAW:
  description: Coolant again, by a formula of my own
  request: "0105"
  bytes: 1
  formula: A - 40
  unit: celsius
  rate: 1
  path: /Coolant/Temperature
"""
MANDATORY = {
    "/Mgmt/ProcessName", "/Mgmt/ProcessVersion", "/Mgmt/Connection", "/DeviceInstance", "/ProductId", "/ProductName",
    "/FirmwareVersion", "/HardwareVersion", "/Connected",
}  # fmt: skip


@pytest.mark.slow
async def test_what_the_vehicle_supports_is_shown_and_nothing_else(tmp_path: Path) -> None:
    with Station(tmp_path, own_pids=OWN) as station:
        async with Reader(station.bus.address) as reader:
            tank = await reader.until(TANK, lambda items: items["/FluidType"] == 6 and items["/Level"] is not None)
            assert tank["/Level"] == pytest.approx(66.67, abs=0.1)
            assert tank["/Remaining"] == pytest.approx(0.04, abs=0.001)
            assert (tank["/Status"], tank["/Connected"], tank["/Alarms/Low/State"]) == (0, 1, 0)
            engine = await reader.until(ENGINE, lambda items: (items["/Engine/Speed"] or 0) > 0)
            assert 10 < engine["/Dc/In/V"] < 16
            assert engine["/Dc/0/Power"] is engine["/Dc/0/Current"] is engine["/Dc/0/Voltage"] is None
            vehicle = await reader.until(VEHICLE, lambda items: items.get("/Own/Coolant/Temperature") is not None)
            assert vehicle["/State"] == "car"
            assert (vehicle["/Mil"], vehicle["/Dtc/Count"]) == (0, 0)
            await reader.until(VEHICLE, lambda items: items["/EngineRunning"] == 1 and items["/Trip/Distance"] > 0)
            names = {name for name in await reader.names() if ".obd_" in name}
            assert names == {TANK, ENGINE, VEHICLE}  # no outside air, which this vehicle does not measure; no battery
            for name in names:
                assert set(await reader.items(name)) >= MANDATORY
        async with asyncio.timeout(LIMIT_S):
            while station.status.get("vehicle") != "car":  # noqa: ASYNC110 - a file that is written every 5 s
                await asyncio.sleep(0.2)
        assert station.status["dashboard"].startswith(f"http://127.0.0.1:{station.web_port}")


@pytest.mark.slow
async def test_ignition_off_makes_values_unknown_and_the_services_stay(tmp_path: Path) -> None:
    with Station(tmp_path, config="rates: {FUEL_LEVEL: 2}") as station:
        async with Reader(station.bus.address) as reader:
            await reader.until(ENGINE, lambda items: items["/Engine/Speed"] is not None)
            station.vehicle.change("engineoff")
            items = await reader.until(
                ENGINE, lambda items: items["/Connected"] == 0 and items["/Engine/Speed"] is None
            )
            assert items["/ProductName"] == "Vehicle engine"
            assert (await reader.items(VEHICLE))["/State"] == "ignition off"
            await reader.until(TANK, lambda items: items["/Level"] is None and items["/Status"] == 4)
            station.vehicle.change("car")
            await reader.until(ENGINE, lambda items: items["/Connected"] == 1 and items["/Engine/Speed"] is not None)
            station.vehicle.stop()
            await reader.until(VEHICLE, lambda items: items["/State"] == "no port" and items["/Connected"] == 0)
            station.vehicle.start()
            await reader.until(ENGINE, lambda items: items["/Connected"] == 1 and items["/Engine/Speed"] is not None)


async def test_settings_and_instances_survive_a_restart_without_the_vehicle(tmp_path: Path) -> None:
    with Station(tmp_path) as station:
        async with Reader(station.bus.address) as reader:
            before = await reader.until(TANK, lambda items: items["/Level"] is not None)
            assert await reader.write(TANK, "/Capacity", 0.08) == 0
            assert await reader.write(TANK, "/CustomName", "Van diesel") == 0
            assert await reader.write(TANK, "/FluidType", 7) == 0
            assert await reader.write(TANK, "/Capacity", -1.0) != 0
            assert await reader.write(TANK, "/Level", 5.0) != 0
            after = await reader.until(TANK, lambda items: items["/FluidType"] == 7)
            assert after["/Remaining"] == pytest.approx(0.0533, abs=0.001)
            station.vehicle.stop()
            station.daemon.stop()
            state = json.loads((station.conf / "state/obd-server.json").read_text())
            assert state["link"]["protocol"] == "6"
            assert state["services"] == ["alternator", "tank"]
            station.daemon.start()
            again = await reader.until(TANK, lambda items: items["/Connected"] == 0)
            assert (again["/CustomName"], again["/Capacity"]) == ("Van diesel", pytest.approx(0.08))
            assert again["/DeviceInstance"] == before["/DeviceInstance"]
            assert (again["/Level"], again["/Remaining"]) == (None, None)


async def test_the_bus_gone_ends_the_daemon_and_the_trip_is_kept(tmp_path: Path) -> None:
    with Station(tmp_path) as station:
        async with Reader(station.bus.address) as reader:
            await reader.until(VEHICLE, lambda items: (items["/Trip/Distance"] or 0) > 0)
        station.bus.kill()
        assert await asyncio.to_thread(station.daemon.wait, LIMIT_S) == 1
        assert "Traceback" not in station.daemon.output
        assert json.loads((station.conf / "state/obd-server.json").read_text())["trip"]["total_km"] > 0


async def test_it_runs_on_what_a_gx_has_of_the_standard_library(tmp_path: Path) -> None:
    with Station(tmp_path, command=partial(gx_module_command, "obd_server")) as station:
        async with Reader(station.bus.address) as reader, connected(station.url) as client:
            await reader.until(TANK, lambda items: items["/Level"] is not None)
            assert await client.ask("status") == "Car Connected"
            await client.ask("watch", ["RPM"])
            await client.until(lambda: bool(client.values("RPM")))


async def test_opt_in_services_appear_when_switched_on(tmp_path: Path) -> None:
    config = "services: {motordrive: true, genset: true, ev: true, tank: false}"
    with Station(tmp_path, config=config) as station:
        async with Reader(station.bus.address) as reader:
            await reader.until("motordrive.obd_motor", lambda items: (items["/Motor/RPM"] or 0) > 0)
            await reader.until("genset.obd_genset", lambda items: items["/Engine/CoolantTemperature"] is not None)
            await reader.until("ev.obd_ev", lambda items: len(items["/VIN"] or "") == 17)
            assert TANK not in await reader.names()


@pytest.mark.slow
async def test_a_parked_vehicle_is_left_alone_and_a_running_one_asked_again(tmp_path: Path) -> None:
    engine = Engine(voltage="12.4V")
    engine.values[0x0C] = b"\0\0"
    config = "battery_guard: {sleep_after: 2, check_every: 2}"
    with (
        ScriptedTerminal(engine.answer) as terminal,
        Station(tmp_path, config=config, adapter=terminal.port) as station,
    ):
        async with Reader(station.bus.address) as reader, connected(station.url) as client:
            await client.ask("watch", ["SPEED"])
            await reader.until(VEHICLE, lambda items: items["/State"] == "asleep" and items["/Connected"] == 0)
            assert (await reader.items(VEHICLE))["/Voltage"] == pytest.approx(12.4)
            assert (await client.ask("link_state"))["guard"] == "asleep"
            await asyncio.sleep(1)
            terminal.requests.clear()
            await asyncio.sleep(3)  # longer than the interval at which the adapter is asked
            assert set(terminal.requests) <= {"ATRV"}  # nothing that reaches the vehicle
            engine.voltage, engine.values[0x0C] = "14.2V", b"\x1a\xf8"
            await reader.until(ENGINE, lambda items: items["/Engine/Speed"] == 1726)


@pytest.mark.parametrize("kind", [SilentTerminal, GarbageTerminal])
async def test_an_adapter_that_is_none_holds_nothing_up(
    tmp_path: Path, kind: type[SilentTerminal | GarbageTerminal]
) -> None:
    with kind() as terminal, Station(tmp_path, adapter=terminal.port) as station:
        async with Reader(station.bus.address) as reader, connected(station.url) as client:
            until = asyncio.get_running_loop().time() + 8
            longest = 0.0
            while asyncio.get_running_loop().time() < until:
                begin = asyncio.get_running_loop().time()
                assert await client.ask("status") == "Not Connected"
                longest = max(longest, asyncio.get_running_loop().time() - begin)
                await asyncio.sleep(0.2)
            assert longest < LIMIT_S / 3  # python-OBD alone would hold it for two minutes
            shown = await reader.until(VEHICLE, lambda items: items["/State"] == "no port")
            assert shown["/Connected"] == 0
            assert shown["/Reason"]
