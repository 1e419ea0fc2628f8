"""Registrations survive: restarts and kill -9 of daemon and broker, on real ones."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.integration.mqtt_devices.gx import PORTAL, temperature

if TYPE_CHECKING:
    from tests.integration.mqtt_devices.gx import GX

pytestmark = pytest.mark.peer

TANK = "com.victronenergy.tank.mqtt_esp_tk"
STATE = "venus-daemons/mqtt-devices/state"


async def kill_daemon(gx: GX, *services: str) -> None:
    """Kill the daemon when it has noted these services."""
    assert gx.daemon is not None
    file = gx.directory / "data/conf/venus-daemons/state/mqtt-devices.json"

    def is_noted() -> bool:
        text = file.read_text() if file.exists() else ""
        return all(f'"{service}"' in text for service in services)

    await gx.wait(is_noted, f"{services} in the state file")
    os.kill(gx.daemon.pid, signal.SIGKILL)
    await gx.wait_names(absent=(temperature(),))


async def test_services_are_back_after_kill_9_before_any_device_speaks(gx: GX) -> None:
    await gx.start_all()
    await gx.register(services={"t1": "temperature", "t2": "temperature"})
    await gx.set("com.victronenergy.settings", "/Settings/MqttDevices/mqtt_fe001_t1/CustomName", "Fridge")
    await gx.publish("device/esp/tk", {"type": "tank", "Level": 40})
    await gx.wait_value(TANK, "/Level", 40.0)
    await kill_daemon(gx, "t1", "t2", "tk")
    await gx.start_daemon()
    await gx.wait_names(present=(temperature(), temperature(service_id="t2"), TANK))
    assert await gx.get(TANK, "/Level") is None
    assert await gx.get(TANK, "/Connected") == 0
    assert await gx.get(temperature(), "/CustomName") == "Fridge"
    assert await gx.get(temperature(service_id="t2"), "/DeviceInstance") == 2
    await gx.publish("device/esp/tk", {"Level": 41})
    await gx.wait_value(TANK, "/Level", 41.0)
    assert await gx.get(TANK, "/Connected") == 1
    assert await gx.get(TANK, "/Status") == 0, "what devices seldom send is as at the beginning"
    values = {"topicPath": f"W/{PORTAL}/temperature/2", "values": {"Temperature": 5}}
    await gx.publish("device/fe001/Proxy", values)
    await gx.wait_value(temperature(service_id="t2"), "/Connected", 1)
    assert await gx.get(temperature(), "/Connected") == 0


async def test_w_message_of_the_gateway_makes_a_restored_service_fresh(gx: GX) -> None:
    await gx.start_all()
    await gx.register()
    await kill_daemon(gx, "t1")
    await gx.start_daemon()
    await gx.wait_names(present=(temperature(),))
    assert await gx.set(temperature(), "/Temperature", 4.5) == 0
    await gx.wait_value(temperature(), "/Connected", 1)


async def test_orderly_restart_and_restart_of_the_broker_lose_nothing(gx: GX) -> None:
    await gx.start_all()
    await gx.register()
    await gx.start_daemon()
    await gx.wait_names(present=(temperature(),))
    await gx.wait_log("is connected")
    os.kill(gx.broker.pid, signal.SIGKILL)
    await gx.restart_broker()
    await gx.wait_log("is back")
    assert temperature() in await gx.names()
    assert (await gx.register())["deviceInstance"] == {"t1": 1}
    assert await gx.get(temperature(), "/Connected") == 1


async def test_empty_status_forgets_and_so_do_departure_and_last_will(gx: GX) -> None:
    await gx.start_all()
    await gx.register("a", services={"t1": "temperature"})
    await gx.register("b", services={"t1": "temperature"})
    await gx.register("c", services={"t1": "temperature"}, lwt_topic="c/lwt", lwt_value="gone")
    await gx.register("d", services={"t1": "temperature"})
    await gx.publish("device/a/Status", b"")
    await gx.status("b", connected=0)
    await gx.publish("c/lwt", "gone")
    gone = tuple(temperature(name) for name in "abc")
    await gx.wait_names(absent=gone)
    await gx.start_daemon()
    await gx.wait_names(present=(temperature("d"),), absent=gone)


async def test_daemon_says_that_it_is_there_and_that_it_is_gone(gx: GX) -> None:
    await gx.start_all()
    await gx.client.subscribe("venus-daemons/#")
    assert (await gx.receive(STATE)) == {"state": "online", "portalId": PORTAL}
    await gx.start_daemon()
    assert (await gx.receive(STATE))["state"] == "offline"
    assert (await gx.receive(STATE))["state"] == "online"
    announcement = await gx.receive("venus-daemons/mqtt-devices/announcement")
    assert announcement == {"request": "register", "portalId": PORTAL}
    assert gx.daemon is not None
    os.kill(gx.daemon.pid, signal.SIGKILL)
    assert (await gx.receive(STATE))["state"] == "offline"


async def test_services_come_back_five_a_second_at_most(gx: GX) -> None:
    await gx.start_all()
    await gx.register(services={f"t{number}": "temperature" for number in range(12)})
    await gx.start_daemon()
    names = tuple(temperature(service_id=f"t{number}") for number in range(12))
    loop = asyncio.get_running_loop()
    await gx.wait_names(present=names[:1])
    begin = loop.time()
    await gx.wait_names(present=names)
    assert loop.time() - begin > 1.5
