"""The defects of the former driver (freakent/dbus-mqtt-devices 0.9.0), by their numbers in the project's fact sheet.

Not here: 20 (values that never expire) is a decision about staleness, not made for today's protocol; 24 (left-over
lines in rc.local, an installer that needs the internet) is about installation. 18 is in test_start_order.py as well.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.mqtt_devices.gx import LIMIT_S, PORTAL, temperature
from tests.unit.mqtt_devices.payloads import HOSTILE
from velib_async.bus import BUS_ITEM, open_bus

if TYPE_CHECKING:
    from tests.integration.mqtt_devices.gx import GX

pytestmark = pytest.mark.peer

SETTINGS = "com.victronenergy.settings"


async def proxy(gx: GX, topic_path: str, **values: Any) -> None:
    await gx.publish("device/fe001/Proxy", {"topicPath": topic_path, "values": values})


async def add_setting(gx: GX, path: str, default: object) -> None:
    (results,) = await gx.bus.call(
        SETTINGS, "/", "com.victronenergy.Settings", "AddSettings", "aa{sv}", ([{"path": path, "default": default}],)
    )
    assert [result["error"] for result in results] == [0]


async def test_01_invalid_and_empty_payloads_kill_nothing(gx: GX) -> None:
    daemon = await gx.start_all()
    await gx.register()
    for number, payload in enumerate(HOSTILE):
        await gx.publish(f"device/x{number % 8}/Status", payload)
        await gx.publish(f"device/x{number % 8}/Proxy", payload)
    await gx.register()
    assert temperature() in await gx.names()
    assert daemon.process is not None
    assert daemon.process.poll() is None
    assert daemon.output.count(" starts, pid ") == 1


@pytest.mark.parametrize(
    "payload", [b"5", b"null", b'{"topicPath":"W/a/b/1","values":5}', b'{"topicPath":7,"values":{}}']
)
async def test_02_proxy_is_answered_with_an_error_and_goes_on(gx: GX, payload: bytes) -> None:
    await gx.start_all()
    reply = await gx.register()
    await gx.publish("device/fe001/Proxy", payload)
    assert (await gx.receive("device/fe001/Error"))["topic"] == "device/fe001/Proxy"
    await proxy(gx, reply["topicPath"]["t1"]["W"], Temperature=1)
    await gx.wait_value(temperature(), "/Temperature", 1.0)


async def test_03_registering_again_applies_the_differences(gx: GX) -> None:
    await gx.start_all()
    await gx.register(services={"a": "temperature", "b": "temperature"})
    await gx.set(temperature(service_id="a"), "/Temperature", 20.5)
    await gx.register(services={"a": "temperature", "c": "tank"}, version="v2")
    await gx.wait_names(
        present=(temperature(service_id="a"), "com.victronenergy.tank.mqtt_fe001_c"),
        absent=(temperature(service_id="b"),),
    )
    await gx.wait_value(temperature(service_id="a"), "/FirmwareVersion", "v2")
    assert await gx.get(temperature(service_id="a"), "/Temperature") == 20.5, "what stays is left alone"


async def test_04_last_will_works_after_a_broker_restart(gx: GX) -> None:
    await gx.start_all()
    await gx.register(lwt_topic="lwt/fe001", lwt_value="gone")
    await gx.restart_broker()
    await gx.wait_log("is back")
    await gx.publish("lwt/fe001", "gone")
    await gx.wait_names(absent=(temperature(),))


async def test_05_last_wills_share_topics_compare_json_and_ignore_old_retained_ones(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("shared", "a off", retain=True)
    await gx.register("a", lwt_topic="shared", lwt_value="a off")
    await gx.register("b", lwt_topic="shared", lwt_value=False)
    await gx.register("c", lwt_topic="other", lwt_value="x")
    await gx.register("c", lwt_topic="changed", lwt_value="x")
    await gx.publish("other", "x")
    await gx.publish("shared", "False")
    await gx.wait_names(present=(temperature("a"), temperature("c")), absent=(temperature("b"),))
    await gx.publish("changed", "x")
    await gx.publish("shared", "a off")
    await gx.wait_names(absent=(temperature("a"), temperature("c")))
    await gx.status("d", lwt_topic="tele/+/LWT")
    assert (await gx.receive("device/d/Error"))["reason"] == "bad_last_will"
    await gx.receive("device/d/DBus")


async def test_06_debug_log_has_no_tracebacks(gx: GX) -> None:
    daemon = await gx.start_all("--debug")
    await gx.register(lwt_topic="lwt/fe001")
    await gx.publish("lwt/fe001", "false")
    await gx.wait_names(absent=(temperature(),))
    assert "Traceback" not in daemon.output
    assert "Logging error" not in daemon.output


async def test_07_service_of_another_type_gets_an_instance_of_that_type(gx: GX) -> None:
    await gx.start_all()
    await gx.register("other", services={"tk": "tank"})
    await gx.register(services={"s": "temperature"})
    reply = await gx.register(services={"s": "tank"})
    assert reply["deviceInstance"] == {"s": 2}
    assert reply["topicPath"]["s"]["W"] == f"W/{PORTAL}/tank/2"
    assert await gx.setting("/Settings/Devices/mqtt_fe001_s/ClassAndVrmInstance") == "tank:2"
    await gx.wait_names(present=("com.victronenergy.tank.mqtt_fe001_s",), absent=(temperature(service_id="s"),))


async def test_08_setting_of_another_type_is_converted_with_its_value(gx: GX) -> None:
    await gx.start("settings", "system", "client")
    await add_setting(gx, "/Settings/MqttDevices/mqtt_fe001_pv/Ac/MaxPower", 5000)
    await add_setting(gx, "/Settings/MqttDevices/mqtt_fe001_pv/Position", "middle")
    await gx.start_daemon()
    await gx.wait_log("is connected")
    await gx.register(services={"pv": "pvinverter"})
    service = "com.victronenergy.pvinverter.mqtt_fe001_pv"
    assert repr(await gx.get(service, "/Ac/MaxPower")) == "5000.0"
    assert await gx.get(service, "/Position") == 0, "what cannot be converted becomes the default"
    assert await gx.set(service, "/Ac/MaxPower", 4200.5) == 0
    assert await gx.setting("/Settings/MqttDevices/mqtt_fe001_pv/Ac/MaxPower") == 4200.5


async def test_09_ambiguous_and_taken_names_are_refused_to_the_second_only(gx: GX) -> None:
    await gx.start_all()
    await gx.register("a_b", services={"c": "temperature"})
    await gx.status("a", services={"b_c": "temperature"})
    assert (await gx.receive("device/a/Error"))["reason"] == "name_clash"
    assert temperature("a_b", "c") in await gx.names()
    stranger = await open_bus(gx.dbus.address)
    await stranger.call(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "RequestName",
        "su",
        (temperature("d", "taken"), 0),
    )
    await gx.status("d", services={"taken": "temperature", "free": "temperature"})
    error = await gx.receive("device/d/Error")
    assert (error["reason"], error["field"]) == ("name_taken", "services.taken")
    assert set((await gx.receive("device/d/DBus"))["deviceInstance"]) == {"free"}
    await stranger.close()
    await gx.wait_names(present=(temperature("d", "taken"),))


async def test_10_writes_beyond_the_limits_get_a_code_and_the_limits_are_the_platforms(gx: GX) -> None:
    await gx.start_all()
    await gx.register()
    assert await gx.set(temperature(), "/TemperatureType", 6) == 0
    await gx.wait_value(temperature(), "/TemperatureType", 6)
    assert await gx.set(temperature(), "/TemperatureType", 7) != 0
    assert await gx.set(temperature(), "/TemperatureType", -1) != 0
    assert await gx.get(temperature(), "/TemperatureType") == 6
    assert await gx.setting("/Settings/MqttDevices/mqtt_fe001_t1/TemperatureType") == 6


async def test_11_text_never_reaches_a_number_and_limits_hold_for_all_paths(gx: GX) -> None:
    await gx.start_all()
    topic_path = (await gx.register())["topicPath"]["t1"]["W"]
    assert await gx.set(temperature(), "/Temperature", "23.41") == 0
    await gx.wait_value(temperature(), "/Temperature", 23.41)
    await proxy(gx, topic_path, Temperature="24.5", Status=1.0)
    await gx.wait_value(temperature(), "/Temperature", 24.5)
    await gx.wait_value(temperature(), "/Status", 1)
    for value in ("warm", float("nan"), [1.5]):
        assert await gx.set(temperature(), "/Temperature", value) != 0
    assert await gx.set(temperature(), "/Status", 9) != 0
    await proxy(gx, topic_path, Status=9)
    assert (await gx.receive("device/fe001/Error"))["reason"] == "out_of_range"
    assert (await gx.get(temperature(), "/Temperature"), await gx.get(temperature(), "/Status")) == (24.5, 1)


async def test_12_no_value_makes_a_service_unreadable(gx: GX) -> None:
    await gx.start_all()
    await gx.register(services={"ev": "evcharger"})
    service = "com.victronenergy.evcharger.mqtt_fe001_ev"
    await gx.set(service, "/Ac/Energy/Forward", "lots")
    await gx.set(service, "/Ac/Energy/Forward", "7.5")
    (items,) = await gx.bus.call(service, "/", BUS_ITEM, "GetItems")
    assert items["/Ac/Energy/Forward"]["Value"] == 7.5
    assert items["/Ac/Energy/Forward"]["Text"] == "7.50 kWh"


async def test_13_null_never_reaches_a_setting(gx: GX) -> None:
    await gx.start_all()
    topic_path = (await gx.register())["topicPath"]["t1"]["W"]
    for path in ("CustomName", "TemperatureType"):
        assert await gx.set(temperature(), f"/{path}", None) != 0
        gx.forget("device/fe001/Error")
        await proxy(gx, topic_path, **{path: None})
        assert (await gx.receive("device/fe001/Error"))["field"] == f"values.{path}"
        await asyncio.sleep(1.0)  # the next Error of this level
    assert await gx.setting("/Settings/MqttDevices/mqtt_fe001_t1/CustomName") == "My Temperature Sensor"
    assert await gx.get(temperature(), "/CustomName") == "My Temperature Sensor"
    assert await gx.set(temperature(), "/Temperature", None) == 0, "a reading may be unknown"


async def test_14_decimals_of_settings_survive_a_restart(gx: GX) -> None:
    await gx.start_all()
    await gx.register(services={"pv": "pvinverter"})
    service = "com.victronenergy.pvinverter.mqtt_fe001_pv"
    assert await gx.set(service, "/Ac/MaxPower", 4999.75) == 0
    await gx.start_daemon()
    await gx.wait_log("is connected")
    await gx.register(services={"pv": "pvinverter"})
    assert await gx.get(service, "/Ac/MaxPower") == 4999.75


async def test_15_setting_changed_elsewhere_is_applied_and_the_other_way_round(gx: GX) -> None:
    await gx.start_all()
    topic_path = (await gx.register())["topicPath"]["t1"]["W"]
    setting = "/Settings/MqttDevices/mqtt_fe001_t1/CustomName"
    await gx.set(SETTINGS, setting, "Fridge")
    await gx.wait_value(temperature(), "/CustomName", "Fridge")
    assert await gx.set(temperature(), "/CustomName", "Cabin") == 0
    await gx.wait_value(SETTINGS, setting, "Cabin")
    await proxy(gx, topic_path, CustomName="Bilge")
    await gx.wait_value(SETTINGS, setting, "Bilge")
    assert await gx.get(temperature(), "/CustomName") == "Bilge"


async def test_16_service_is_complete_when_its_name_appears(gx: GX) -> None:
    await gx.start_all()
    seen: list[dict[str, Any]] = []

    async def look_at_once() -> None:
        await gx.wait_names(present=(temperature(),), poll_s=0.0)
        (items,) = await gx.bus.call(temperature(), "/", BUS_ITEM, "GetItems")
        seen.append(items)

    looking = asyncio.create_task(look_at_once())
    await gx.register()
    await looking
    (later,) = await gx.bus.call(temperature(), "/", BUS_ITEM, "GetItems")
    assert seen[0].keys() == later.keys()
    assert seen[0]["/DeviceInstance"]["Value"] == 1


async def test_17_settings_stay_in_step_after_the_first_device_left(gx: GX) -> None:
    await gx.start_all()
    await gx.register("first")
    await gx.register("second")
    await gx.status("first", connected=0)
    await gx.wait_names(absent=(temperature("first"),))
    await gx.set(SETTINGS, "/Settings/MqttDevices/mqtt_second_t1/CustomName", "Still here")
    await gx.wait_value(temperature("second"), "/CustomName", "Still here")
    await gx.register("first")
    await gx.set(SETTINGS, "/Settings/MqttDevices/mqtt_first_t1/CustomName", "Back")
    await gx.wait_value(temperature("first"), "/CustomName", "Back")


async def test_18_missing_system_service_delays_and_restarts_nothing(gx: GX) -> None:
    await gx.start("settings", "client")
    daemon = await gx.start_daemon()
    await gx.wait_log("waiting for the portal id")
    await gx.status()
    await gx.start("system")
    assert (await gx.receive("device/fe001/DBus"))["portalId"] == PORTAL
    assert daemon.output.count(" starts, pid ") == 1


async def test_19_unreachable_broker_is_tried_again_whatever_the_error(gx: GX) -> None:
    await gx.start("settings", "system")
    daemon = await gx.start_daemon("-q", "no-such-host.invalid")
    await gx.wait_log("is down")
    daemon = await gx.start_daemon("-q", "127.0.0.1", "--mqtt-port", "1")
    await gx.wait_log("is down")
    assert daemon.process is not None
    assert daemon.process.poll() is None
    assert "Traceback" not in daemon.output


async def test_21_commands_are_not_kept_and_units_and_types_are_the_platforms(gx: GX) -> None:
    await gx.start_all()
    services = {"ev": "evcharger", "g": "grid"}
    await gx.register(services=services)
    charger, grid = "com.victronenergy.evcharger.mqtt_fe001_ev", "com.victronenergy.grid.mqtt_fe001_g"
    assert await gx.set(charger, "/StartStop", 1) == 0
    assert await gx.set(charger, "/SetCurrent", 16) == 0
    assert await gx.set(charger, "/MaxCurrent", 20) == 0
    assert repr(await gx.get(grid, "/DeviceType")) == "0"
    await gx.start_daemon()
    await gx.wait_log("is connected")
    await gx.register(services=services)
    values = [await gx.get(charger, path) for path in ("/StartStop", "/SetCurrent", "/MaxCurrent")]
    assert values == [0, 0.0, 20.0]


async def test_22_reply_waits_for_no_timer(gx: GX) -> None:
    await gx.start_all()
    fastest = LIMIT_S
    for number in range(50):  # one quiet moment of the machine is enough to tell
        begin = time.monotonic()
        await gx.register(f"d{number}")
        fastest = min(fastest, time.monotonic() - begin)
        if fastest < 0.5:
            break
    assert fastest < 0.9, "the former driver's replies waited for a timer of one second"


async def test_23_many_services_register_at_once_and_delay_nobody(gx: GX) -> None:
    await gx.start_all()
    big = {f"s{number}": "battery" for number in range(60)}
    await gx.status("big", services=big)
    await gx.register("small")
    assert (await gx.receive("device/big/DBus"))["deviceInstance"] == {f"s{n}": n + 1 for n in range(60)}
