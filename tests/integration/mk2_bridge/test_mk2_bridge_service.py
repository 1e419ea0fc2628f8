from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from simulators.multiplus.assembly import Layout
from tests.integration.mk2_bridge.stage import SERVICE, TOO_LATE, Stage, eventually, stage
from velib_async.bus import open_bus
from velib_async.service import IntegerItem, Service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

MINIMAL = """
/Mgmt/ProcessName /Mgmt/ProcessVersion /Mgmt/Connection /DeviceInstance /ProductId /ProductName /FirmwareVersion
/Connected /CustomName /Mode /ModeIsAdjustable /State /VebusMainState /VebusChargeState /VebusError
/Leds/Mains /Leds/Bulk /Leds/Absorption /Leds/Float /Leds/Inverter /Leds/Overload /Leds/LowBattery /Leds/Temperature
/Ac/NumberOfPhases /Ac/NumberOfAcInputs /Ac/ActiveIn/ActiveInput /Ac/ActiveIn/Connected /Ac/ActiveIn/CurrentLimit
/Ac/ActiveIn/L1/V /Ac/ActiveIn/L1/I /Ac/ActiveIn/L1/F /Ac/ActiveIn/L1/P /Ac/ActiveIn/P
/Ac/Out/L1/V /Ac/Out/L1/I /Ac/Out/L1/F /Ac/Out/L1/P /Ac/Out/P /Ac/In/1/CurrentLimit /Ac/In/1/CurrentLimitIsAdjustable
/Ac/PowerMeasurementType /Dc/0/Voltage /Dc/0/Current /Dc/0/Power /Soc
/Alarms/LowBattery /Alarms/HighTemperature /Alarms/Overload /Alarms/Ripple
/Interfaces/Mk2/Connection /Interfaces/Mk2/ProductId /Interfaces/Mk2/ProductName /Interfaces/Mk2/Version
/Devices/0/Version /Devices/NumberOfMultis
"""


async def test_minimal_set_is_complete_and_shows_the_simulators_truth(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path, hurry=False) as found:
        await found.wait_value("/Ac/Out/L1/I")
        await found.wait_value("/Alarms/LowBattery", 0)
        items = await found.items()
        assert [path for path in MINIMAL.split() if items.get(path) is None] == []
        assert items["/ProductName"] == "MultiPlus 24/3000/70-50"
        assert (items["/State"], items["/Mode"], items["/Ac/ActiveIn/CurrentLimit"]) == (3, 3, 16.0)
        assert items["/Ac/ActiveIn/L1/P"] == pytest.approx(items["/Ac/Out/L1/P"] + items["/Dc/0/Power"], abs=3)
        plant = found.interface.plant
        now = asyncio.get_running_loop().time()
        assert items["/Dc/0/Voltage"] == pytest.approx(plant.battery_v(now), abs=0.05)
        assert items["/Dc/0/Current"] == pytest.approx(plant.battery_a(now), abs=0.5)
        assert items["/Soc"] == pytest.approx(plant.soc * 100, abs=0.5)
        # Nobody may be led to write these all the time: it would go to the device's settings.
        assert items["/Dc/0/MaxChargeCurrent"] is None
        assert items["/ExtraBatteryCurrent"] is None
        assert items["/FirmwareFeatures/BolFrame"] == 0
        assert not [path for path in items if path.startswith("/Hub4")]
        # Known to be none, which is not the same as unknown: systemcalc writes the state of charge only then.
        assert items["/Devices/0/Assistants"] == bytes(56)
        assert found.interface.switch_commands == []
        assert found.interface.devices[0].writes == []
        assert await found.stop() == 0
        # Mode and limit stay as they are when the daemon ends; only set points of ESS would be made zero.
        assert found.interface.switch_commands == []
        assert found.interface.devices[0].writes == []


async def test_mode_and_current_limit_are_answered_by_the_device(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path) as found:
        await found.wait_value("/Mode", 3)
        await found.accept("/Mode", 1)
        assert found.interface.plant.switch == 1
        await found.wait_value("/Mode", 1)
        await found.wait_value("/Ac/In/1/CurrentLimit", 16.0)
        await found.accept("/Ac/In/1/CurrentLimit", 25.0)
        assert (found.interface.limit, found.interface.plant.switch) == (250, 1)
        assert await found.set("/Ac/In/1/CurrentLimit", 3.0) != 0
        assert await found.set("/Mode", 9) != 0
        assert await found.set("/SystemReset", 1) != 0
        assert found.interface.resets == 0
        await found.accept("/VebusSetChargeState", 2)
        assert found.interface.devices[0].substate == 6


async def test_soc_is_accepted_at_once_and_written_to_ram(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path) as found:
        assert await found.set("/Soc", 55.0) == 0
        device = found.interface.devices[0]
        await eventually(lambda: device.writes)
        await found.wait_value("/Soc", 55.0)
        assert device.writes == [("ram", 13, 110)]
        assert device.eeprom_writes == 0


async def test_unplugged_tty_makes_values_unknown_and_the_service_stays(
    dbus_daemon: DBusDaemon, tmp_path: Path
) -> None:
    async with stage(dbus_daemon.address, tmp_path) as found:
        found.port.unplug()
        await found.wait_value("/Connected", 0)
        items = await found.items()
        assert [items[path] for path in ("/State", "/Dc/0/Voltage", "/Ac/Out/P", "/Soc", "/Mode")] == [None] * 5
        assert await found.set("/Mode", 3) != 0
        found.port.plug()
        await found.wait_value("/Connected", 1)
        await found.wait_value("/State", 3)


async def test_custom_name_and_instance_are_kept_in_localsettings(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path) as found:
        assert await found.get("/DeviceInstance") == 276
        assert await found.set("/CustomName", "Engine room") == 0
        unique_id = found.service.removeprefix("com.victronenergy.vebus.")
        (name,) = await found.bus.call(
            "com.victronenergy.settings",
            f"/Settings/Devices/vebus_{unique_id}/CustomName",
            "com.victronenergy.BusItem",
            "GetValue",
        )
        assert name == "Engine room"


@pytest.mark.parametrize("name", ["com.victronenergy.vebus.ttyS4", SERVICE])
async def test_another_vebus_service_keeps_its_place(dbus_daemon: DBusDaemon, tmp_path: Path, name: str) -> None:
    other_bus = await open_bus(dbus_daemon.address)
    other = Service(other_bus, name)
    other.add_item(IntegerItem("/DeviceInstance", 1))
    await other.register()
    async with stage(dbus_daemon.address, tmp_path, wait=False) as found:
        await eventually(lambda: "is on the bus already" in found.log())
        assert await has_owner(found) == (name == SERVICE)
        await other.close()
        await other_bus.close()
        await found.wait_value("/Connected", 1)


async def has_owner(found: Stage) -> bool:
    (answer,) = await found.bus.call(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "NameHasOwner",
        "s",
        [found.service],
    )
    return bool(answer)


async def test_three_phases_are_one_service(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path, layout=Layout((0, 1, 2), strict=False)) as found:
        await found.wait_value("/Ac/Out/L3/P")
        await found.wait_value("/Ac/Out/L3/V")
        items = await found.items()
        assert (items["/Ac/NumberOfPhases"], items["/Devices/NumberOfMultis"]) == (3, 3)
        total = sum(items[f"/Ac/Out/L{phase}/P"] for phase in (1, 2, 3))
        assert items["/Ac/Out/P"] == pytest.approx(total, abs=1)
        assert items["/Devices/2/Ac/Out/P"] == items["/Ac/Out/L3/P"]


async def test_at_most_one_items_changed_per_second(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path) as found:
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        found.bus.add_changes_handler(note)
        (owner,) = await found.bus.call(
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "GetNameOwner",
            "s",
            [found.service],
        )
        rule = f"type='signal',sender='{owner}',interface='com.victronenergy.BusItem',member='ItemsChanged'"
        await found.bus.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", [rule]
        )
        began, count = asyncio.get_running_loop().time(), 0
        await eventually(lambda: count >= 3)
        elapsed = asyncio.get_running_loop().time() - began
        assert count <= elapsed + 1


async def test_energy_survives_a_restart(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path) as found:
        await asyncio.sleep(1.5)
        assert await found.stop() == 0
        (file,) = (tmp_path / "conf" / "venus-daemons" / "state").glob("mk2-bridge-*.json")
        counted = json.loads(file.read_text(encoding="utf-8"))["energy_kwh"]
        assert counted["AcIn1ToAcOut"] > 0
        assert counted["AcIn1ToInverter"] > 0
        assert counted["InverterToAcOut"] == 0


async def test_settings_are_shown_and_written_only_when_allowed(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path) as found:
        await found.wait_value("/Settings/InverterOutputVoltage", 230.0)
        assert await found.set("/Settings/InverterOutputVoltage", 231.0) != 0
        assert await found.set("/Dc/0/MaxChargeCurrent", 20.0) != 0
        assert found.interface.devices[0].writes == []


async def test_allowed_settings_go_to_ram(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    config = "allow_setting_writes: true\nallow_max_charge_current: true\n"
    async with stage(dbus_daemon.address, tmp_path, config=config) as found:
        await found.wait_value("/Settings/InverterOutputVoltage", 230.0)
        await found.accept("/Settings/InverterOutputVoltage", 231.0)
        assert await found.set("/Settings/InverterOutputVoltage", 500.0) != 0
        await found.wait_value("/Dc/0/PreferRenewableEnergy", 0)
        await found.accept("/Dc/0/PreferRenewableEnergy", 1)
        await found.accept("/Dc/0/MaxChargeCurrent", 20.0)
        device = found.interface.devices[0]
        assert list(dict.fromkeys(device.writes)) == [("setting", 5, 231), ("setting", 60, 0x0210), ("setting", 4, 20)]
        assert device.eeprom_writes == 0
        assert await found.get("/Settings/InverterOutputVoltage") == 231.0


async def test_eeprom_is_written_only_with_the_second_permission_and_within_the_budget(
    dbus_daemon: DBusDaemon, tmp_path: Path
) -> None:
    config = "allow_setting_writes: true\nallow_eeprom_writes: true\neeprom_writes_per_hour: 1\n"
    async with stage(dbus_daemon.address, tmp_path, config=config) as found:
        await found.wait_value("/Settings/InverterOutputVoltage", 230.0)
        # What is begun is written to the end, also when that takes longer than the caller waits.
        assert await found.set("/Settings/InverterOutputVoltage", 231.0) == 0 or TOO_LATE in found.log()
        await eventually(lambda: found.interface.devices[0].eeprom_writes)
        assert await found.set("/Settings/InverterOutputVoltage", 232.0) != 0
        assert found.interface.devices[0].eeprom_writes == 1
        assert "wait, or write to RAM only" in found.log()
        (file,) = (tmp_path / "conf" / "venus-daemons" / "state").glob("mk2-bridge-*.json")
        assert len(json.loads(file.read_text(encoding="utf-8"))["eeprom_writes"]) == 1
