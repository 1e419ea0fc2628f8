from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from obd_server.definition_file import load_services
from obd_server.link_readings import LAST_CONTACT
from obd_server.protocol.reading import Reading
from obd_server.publisher import Publisher
from obd_server.values import PERIODS, SHORTEST_AGE_S, Values
from obd_server.vehicle_service import FIGURES, MAX_VALUES, VehicleService
from obdio.link import LinkState
from obdio.snapshot import Snapshot
from simulators.gx.settings import SettingsSimulator
from velib_async import open_bus
from velib_async.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.peers.dbus import DBusDaemon

pytestmark = pytest.mark.peer


@pytest.fixture
async def settings(dbus_daemon: DBusDaemon, tmp_path: Path) -> AsyncIterator[Settings]:
    async with SettingsSimulator(dbus_daemon.address, file=tmp_path / "settings.xml"):
        bus = await open_bus(dbus_daemon.address)
        made = await Settings.open(bus)
        yield made
        await made.close()
        await bus.close()


def values() -> Values:
    return Values(lambda name: {"FUEL_LEVEL": 10.0}.get(name, 1.0))


async def opened(key: str, dbus_daemon: DBusDaemon, settings: Settings) -> Publisher:
    made = Publisher(load_services()[key], await open_bus(dbus_daemon.address), settings, version="1")
    await made.open("/dev/ttyUSB0", is_connected=True)
    return made


async def test_values_are_shown_while_fresh_and_unknown_when_old(dbus_daemon: DBusDaemon, settings: Settings) -> None:
    engine, known = await opened("alternator", dbus_daemon, settings), values()
    known.receive(Reading("RPM", 1500.0, 100.0))
    known.receive(Reading("ELM_VOLTAGE", 14.2, 100.0))
    engine.tick(known, 101.0, is_connected=True)
    assert engine.value("/Engine/Speed") == 1500.0
    assert engine.value("/Dc/In/V") == 14.2  # the adapter's, while the vehicle tells none
    assert engine.value("/Engine/Temperature") is None
    known.receive(Reading("CONTROL_MODULE_VOLTAGE", 14.0, 101.0))
    engine.tick(known, 102.0, is_connected=True)
    assert engine.value("/Dc/In/V") == 14.0
    engine.tick(known, 100.0 + SHORTEST_AGE_S + 1, is_connected=False)
    assert engine.value("/Engine/Speed") is None
    assert engine.value("/Connected") == 0
    await engine.close()


async def test_every_definition_makes_a_service(dbus_daemon: DBusDaemon, settings: Settings) -> None:
    for key in load_services():
        publisher = await opened(key, dbus_daemon, settings)
        publisher.tick(values(), 0.0, is_connected=True)
        await publisher.close()


async def test_settings_changed_elsewhere_are_taken_over(dbus_daemon: DBusDaemon, settings: Settings) -> None:
    tank, known = await opened("tank", dbus_daemon, settings), values()
    tank.receive(Reading("FUEL_LEVEL", 50.0, 0.0))
    await settings.set("/Settings/Devices/obd_fuel/Capacity", 0.1)
    tank.on_setting("/Settings/Devices/obd_fuel/Capacity", 0.1)
    tank.on_setting("/Settings/Devices/obd_fuel/FluidType", 7)
    tank.on_setting("/Settings/Devices/other/Capacity", 9.9)
    tank.tick(known, 0.0, is_connected=True)
    assert tank.value("/Capacity") == pytest.approx(0.1)
    assert tank.value("/Remaining") == pytest.approx(0.05)
    assert tank.value("/FluidType") == 0  # computed from the setting, which is still "as the vehicle says"
    await tank.close()


async def test_a_value_of_the_wrong_kind_is_unknown(dbus_daemon: DBusDaemon, settings: Settings) -> None:
    engine, known = await opened("alternator", dbus_daemon, settings), values()
    known.receive(Reading("RPM", "text", 0.0))
    engine.tick(known, 0.0, is_connected=True)
    assert engine.value("/Engine/Speed") is None
    await engine.close()


async def test_the_vehicle_service_shows_everything_polled_up_to_a_limit(
    dbus_daemon: DBusDaemon, settings: Settings
) -> None:
    own = {"GEARBOX_TEMP": ("/Gearbox/Temperature", "C")}
    vehicle = VehicleService(await open_bus(dbus_daemon.address), settings, version="1", own=own)
    await vehicle.open("/dev/ttyUSB0")
    known = values()
    told: dict[str, float | str] = {"GEARBOX_TEMP": 80.0, "MIL": 1.0, "STATUS": 3.0, "VIN": "WP0", "SPEED": 50.0}
    for name, value in told.items():
        known.receive(Reading(name, value, 0.0))
    for number in range(2 * MAX_VALUES):
        known.receive(Reading(f"PID_{number}", 1.0, 0.0))
    known.receive(Reading(LAST_CONTACT, 1.0, 0.0))  # a name that is no path
    link = Snapshot(state=LinkState.CAR, reason="connected", voltage_v=14.1)
    vehicle.tick(link, 1, dict.fromkeys(FIGURES, 1.5), known, 0.0)
    shown = vehicle.items
    assert shown["/Own/Gearbox/Temperature"] == 80.0
    assert (shown["/Mil"], shown["/Dtc/Count"]) == (1, 3)
    assert shown["/Values/SPEED"] == 50.0
    assert shown["/Fuel/Range"] == 1.5
    assert "/Values/VIN" not in shown  # identifies the vehicle, and is no number
    assert len(shown) <= MAX_VALUES + 1
    assert (shown["/State"], shown["/Connected"], shown["/EngineRunning"], shown["/Voltage"]) == ("car", 1, 1, 14.1)
    vehicle.tick(link, None, {}, known, SHORTEST_AGE_S * PERIODS)
    assert vehicle.items["/Values/SPEED"] is None
    assert vehicle.items["/Fuel/Range"] is None
    await vehicle.close()
