"""Service types: what steers power, the outputs of a switch, derived values, and files of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqtt_devices.services_file import BUILT_IN
from velib_async.localsettings import Setting, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.mqtt_devices.gx import GX

pytestmark = pytest.mark.peer

VEBUS = "com.victronenergy.vebus.mqtt_inv_v"


async def test_type_that_steers_power_is_refused_until_enabled(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/inv/v", {"type": "vebus"})
    error = await gx.receive("device/inv/Error")
    assert error["reason"] == "not_enabled"
    assert "steering: [vebus]" in error["rule"]
    assert VEBUS not in await gx.names()
    config = gx.directory / "data/conf/venus-daemons"
    config.mkdir(parents=True, exist_ok=True)
    (config / "mqtt-devices.yml").write_text("steering: [vebus]\n")
    await gx.start_daemon()
    await gx.wait_names(present=(VEBUS,))


async def test_type_that_steers_power_stays_where_it_was_before(gx: GX) -> None:
    await gx.start("settings", "system", "client")
    settings = await Settings.open(gx.bus)
    await settings.add(Setting("/Settings/Devices/mqtt_inv_v/ClassAndVrmInstance", "vebus:257"))
    await settings.close()
    await gx.start_daemon()
    await gx.wait_log("is connected")
    assert (await gx.register("inv", services={"v": "vebus"}))["deviceInstance"] == {"v": 257}


async def test_limits_of_a_battery_are_locked_and_the_rest_is_not(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/b/b", {"type": "battery", "Info/MaxChargeVoltage": 60, "Soc": 50})
    error = await gx.receive("device/b/Error")
    assert (error["reason"], error["field"]) == ("not_enabled", "Info/MaxChargeVoltage")
    await gx.publish("device/b/b", {"type": "battery", "Soc": 50, "Dc/0/Voltage": 12, "Dc/0/Current": -5})
    await gx.wait_value("com.victronenergy.battery.mqtt_b_b", "/Dc/0/Power", -60.0)
    assert await gx.set("com.victronenergy.battery.mqtt_b_b", "/Info/MaxChargeVoltage", 60) != 0


async def test_values_are_worked_out_also_from_w_messages_until_the_device_sends_them(gx: GX) -> None:
    await gx.start_all()
    tank = "com.victronenergy.tank.mqtt_t_t"
    await gx.publish("device/t/t", {"type": "tank", "Capacity": 0.4, "Level": 50})
    await gx.wait_value(tank, "/Remaining", 0.2)
    assert await gx.set(tank, "/Level", 25.0) == 0
    await gx.wait_value(tank, "/Remaining", 0.1)
    await gx.publish("device/t/t", {"Remaining": 0.15})
    await gx.wait_value(tank, "/Remaining", 0.15)
    await gx.publish("device/t/t", {"Level": 100})
    await gx.wait_value(tank, "/Level", 100.0)
    assert await gx.get(tank, "/Remaining") == 0.15


async def test_outputs_of_a_switch_exist_once_they_were_sent(gx: GX) -> None:
    await gx.start_all()
    switch = "com.victronenergy.switch.mqtt_s_s"
    values = {"SwitchableOutput/output_1/State": 1, "SwitchableOutput/output_1/Name": "Pump"}
    await gx.publish("device/s/s", {"type": "switch", **values})
    await gx.wait_value(switch, "/SwitchableOutput/output_1/State", 1)
    assert await gx.get(switch, "/SwitchableOutput/output_1/Name") == "Pump"
    await gx.publish("device/s/s", {"SwitchableOutput/pump/State": 1})
    assert (await gx.receive("device/s/Error"))["reason"] == "unknown_path"


async def test_types_of_the_user_work_and_a_broken_file_harms_nobody(gx: GX) -> None:
    folder = gx.directory / "data/conf/venus-daemons/services.d"
    folder.mkdir(parents=True)
    (folder / "1.yml").write_text(
        "types: {windlass: {product_id: 1, custom_name: Anchor, paths: {Chain/Length: {type: d, unit: m}}}}\n"
    )
    (folder / "2.yml").write_text("types: {tank: 5}\n")
    await gx.start_all()
    assert gx.daemon is not None
    assert "2.yml:1: tank: has to be a mapping" in gx.daemon.output
    await gx.publish("device/w/w", {"type": "windlass", "Chain/Length": 12})
    await gx.wait_value("com.victronenergy.windlass.mqtt_w_w", "/Chain/Length", 12.0)
    assert await gx.get_text("com.victronenergy.windlass.mqtt_w_w", "/Chain/Length") == "12.0 m"
    (folder / "1.yml").unlink()
    await gx.start_daemon()
    await gx.wait_log("waits")
    (folder / "1.yml").write_text(
        "types: {windlass: {product_id: 1, custom_name: Anchor, paths: {Chain/Length: {type: d, unit: m}}}}\n"
    )
    await gx.start_daemon()
    await gx.wait_names(present=("com.victronenergy.windlass.mqtt_w_w",))


async def test_tank_alarm_and_offset_work_as_with_sensors_of_victron_and_survive_a_restart(gx: GX) -> None:
    await gx.start_all()
    tank, sensor = "com.victronenergy.tank.mqtt_a_t", "com.victronenergy.temperature.mqtt_a_s"
    await gx.publish("device/a/t", {"type": "tank", "Level": 5})
    await gx.publish("device/a/s", {"type": "temperature", "Temperature": 20})
    await gx.wait_value(tank, "/Alarms/Low/State", 0)
    await gx.wait_value(sensor, "/Temperature", 20.0)
    assert await gx.set(sensor, "/Offset", 0.5) == 0
    await gx.wait_value(sensor, "/Temperature", 20.5)
    assert await gx.set(tank, "/Alarms/Low/Enable", 1) == 0
    await gx.wait_value(tank, "/Alarms/Low/State", 1)
    assert await gx.setting("/Settings/MqttDevices/mqtt_a_t/Alarms/Low/Enable") == 1
    await gx.publish("device/a/t", {"Level": 20})
    await gx.wait_value(tank, "/Alarms/Low/State", 0)
    await gx.start_daemon()
    await gx.wait_log("is connected")
    await gx.publish("device/a/t", {"Level": 4})
    await gx.publish("device/a/s", {"Temperature": 21})
    await gx.wait_value(tank, "/Alarms/Low/State", 1)
    await gx.wait_value(sensor, "/Temperature", 21.5)


async def test_mistake_in_the_built_in_file_costs_its_type_and_nothing_else(gx: GX, tmp_path: Path) -> None:
    edited = tmp_path / "services.yml"
    edited.write_text(BUILT_IN.read_text().replace("\n  tank:\n", "\n  tank:\n    colour: blue\n"))
    line = edited.read_text().split("colour: blue", maxsplit=1)[0].count("\n") + 1
    place = f"{edited}:{line}: colour: is unknown"
    built_in = f"from pathlib import Path; import mqtt_devices.services_file as f; f.BUILT_IN = Path({str(edited)!r})"
    gx.before = built_in
    daemon = await gx.start_all()
    for number in range(3):
        await gx.publish(f"device/t{number}/t", {"type": "tank", "Level": 50})
        error = await gx.receive(f"device/t{number}/Error")
        assert (error["reason"], error["field"]) == ("broken_type", "type")
        assert place in error["rule"]
    assert list((await gx.register("fe001", services={"t1": "temperature"}))["deviceInstance"]) == ["t1"]
    assert daemon.output.count(f"service type left out: {place}") == 1
    gx.before = ""
    await gx.start_daemon()
    await gx.wait_log("is connected")
    await gx.publish("device/t0/t", {"type": "tank", "Level": 50})
    await gx.wait_value("com.victronenergy.tank.mqtt_t0_t", "/Level", 50.0)
    # A device that is remembered waits as well, and is not forgotten.
    gx.before = built_in
    await gx.start_daemon()
    await gx.wait_log(f"service type left out: {place}", 1)
    await gx.wait_log("Remembered device 't0' waits", 1)
    gx.before = ""
    await gx.start_daemon()
    await gx.wait_names(present=("com.victronenergy.tank.mqtt_t0_t",))
