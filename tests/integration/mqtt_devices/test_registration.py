"""The life of a device from end to end, on both D-Bus libraries."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.mqtt_devices.gx import LIMIT_S, PORTAL, temperature
from tests.peers.process import find_program

if TYPE_CHECKING:
    from tests.integration.mqtt_devices.gx import GX

pytestmark = [pytest.mark.peer, pytest.mark.parametrize("library", ["dbus_fast", "dbus_next"])]


async def mosquitto_pub(gx: GX, topic: str, payload: str) -> None:
    command = (find_program("mosquitto_pub"), "-p", str(gx.broker.port), "-t", topic, "-m", payload)
    process = await asyncio.create_subprocess_exec(*command)
    async with asyncio.timeout(LIMIT_S):
        assert await process.wait() == 0


async def test_device_lives_through_a_broker_restart_from_registration_to_last_will(gx: GX) -> None:
    await gx.start_all()
    status = {
        "clientId": "fe001",
        "connected": 1,
        "version": "v1.0",
        "services": {"t1": "temperature", "tk": "tank"},
        "lwt_topic": "tele/fe001/LWT",
        "lwt_value": "Offline",
    }
    await mosquitto_pub(gx, "device/fe001/Status", json.dumps(status))
    reply = await gx.receive("device/fe001/DBus")
    assert reply["portalId"] == PORTAL
    assert reply["deviceInstance"] == {"t1": 1, "tk": 1}
    write_topic = reply["topicPath"]["t1"]["W"]
    assert write_topic == f"W/{PORTAL}/temperature/1"

    # Through the gateway, which knows the service once it has read it.
    await gx.publish(f"R/{PORTAL}/keepalive", "")
    await gx.wait(lambda: bool(gx._messages[f"N/{PORTAL}/temperature/1/Temperature"]), "the gateway knows the service")
    await gx.publish(f"{write_topic}/Temperature", {"value": 24.91})
    await gx.wait_value(temperature(), "/Temperature", 24.91)
    assert await gx.get_text(temperature(), "/Temperature") == "24.9 °C"

    await gx.publish(
        "device/fe001/Proxy", {"topicPath": write_topic, "values": {"Temperature": "25.5", "Humidity": 60}}
    )
    await gx.wait_value(temperature(), "/Humidity", 60.0)
    assert await gx.get(temperature(), "/Temperature") == 25.5

    await gx.restart_broker()
    await gx.wait_log("is back")
    assert temperature() in await gx.names(), "services outlive the broker"
    await gx.publish("device/fe001/Proxy", {"topicPath": write_topic, "values": {"Temperature": 26}})
    await gx.wait_value(temperature(), "/Temperature", 26.0)

    await gx.publish("tele/fe001/LWT", "Offline")
    await gx.wait_names(absent=(temperature(), "com.victronenergy.tank.mqtt_fe001_tk"))

    assert (await gx.register())["deviceInstance"] == {"t1": 1}, "the same instance again"
    assert gx.daemon is not None
    gx.daemon.stop()
    await gx.wait_names(absent=(temperature(),))


async def test_service_has_what_existing_installations_rely_on(gx: GX) -> None:
    await gx.start_all()
    await gx.register()
    expected = {
        "/Mgmt/ProcessName": "dbus-mqtt-devices",
        "/Mgmt/Connection": "MQTT:fe001",
        "/DeviceInstance": 1,
        "/DeviceName": "fe001:t1",
        "/FirmwareVersion": "v1",
        "/Connected": 1,
        "/ProductId": 0xA162,
        "/CustomName": "My Temperature Sensor",
        "/TemperatureType": 2,
        "/Temperature": None,
        "/Status": 0,
    }
    assert {path: await gx.get(temperature(), path) for path in expected} == expected
    version = await gx.get(temperature(), "/Mgmt/ProcessVersion")
    assert await gx.get(temperature(), "/ProductName") == f"dbus-mqtt-devices-{version}:Temperature"
    assert await gx.get_text(temperature(), "/ProductId") == "0xA162"
    assert await gx.setting("/Settings/MqttDevices/mqtt_fe001_t1/CustomName") == "My Temperature Sensor"
    assert await gx.setting("/Settings/Devices/mqtt_fe001_t1/ClassAndVrmInstance") == "temperature:1"
    assert gx.daemon is not None
    log = gx.daemon.output
    assert "Received device status message" in log
    assert f"Registered Service {temperature()} under DeviceInstance 1" in log
    assert "to device/fe001/DBus" in log
    await gx.status(connected=0)
    await gx.wait_names(absent=(temperature(),))


async def test_retained_status_brings_a_device_back_after_a_restart_of_the_daemon(gx: GX) -> None:
    await gx.start_all()
    status = {"clientId": "fe001", "connected": 1, "services": {"t1": "temperature"}, "lwt_topic": "l"}
    await gx.publish("l", "false", retain=True)
    await gx.publish("device/fe001/Status", status, retain=True)
    assert (await gx.receive("device/fe001/DBus"))["deviceInstance"] == {"t1": 1}
    await gx.start_daemon()
    assert (await gx.receive("device/fe001/DBus"))["deviceInstance"] == {"t1": 1}
    await gx.publish("device/fe001/Status", b"", retain=True)
    await gx.wait_names(absent=(temperature(),))
    await gx.start_daemon()
    await gx.wait_log("is connected")
    await gx.register("other")
    assert temperature() not in await gx.names()
