"""What the user changes reaches the device, and the device may refuse it."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import pytest

from mqtt_devices.driver import ANSWER_LIMIT_S
from tests.integration.mqtt_devices.gx import PORTAL

if TYPE_CHECKING:
    from tests.integration.mqtt_devices.gx import GX

pytestmark = pytest.mark.peer

EVCHARGER = "com.victronenergy.evcharger.mqtt_ev_e"
SET = "device/ev/e/Set"


async def start(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/ev/e", {"type": "evcharger", "Current": 6})
    await gx.wait_value(EVCHARGER, "/Current", 6.0)


def give_time(gx: GX) -> None:
    """Let the daemon wait longer for the device's answer than the second for which Venus waits."""
    modules = ("mqtt_devices.driver", "velib_async.writing")
    gx.before = f"import {', '.join(modules)}\n" + "\n".join(f"{module}.ANSWER_LIMIT_S = 20.0" for module in modules)


async def set_and_answer(gx: GX, path: str, value: object, answer: str) -> int:
    writing = asyncio.create_task(gx.set(EVCHARGER, f"/{path}", value))
    assert (await gx.receive(f"{SET}/{path}"))["value"] == value
    await gx.publish(f"device/ev/e/Result/{path}", answer)
    return await writing


async def test_device_decides_about_a_command(gx: GX) -> None:
    give_time(gx)
    await start(gx)
    assert await set_and_answer(gx, "StartStop", 1, "refused") != 0
    assert await gx.get(EVCHARGER, "/StartStop") == 0
    assert await set_and_answer(gx, "StartStop", 1, '{"accepted": true}') == 0
    assert await gx.get(EVCHARGER, "/StartStop") == 1


async def test_refused_setting_is_not_kept_and_an_accepted_one_is(gx: GX) -> None:
    give_time(gx)
    await start(gx)
    setting = "/Settings/MqttDevices/mqtt_ev_e/MaxCurrent"
    assert await set_and_answer(gx, "MaxCurrent", 16.0, "false") != 0
    assert await gx.setting(setting) == 0
    assert await set_and_answer(gx, "MaxCurrent", 16.0, "true") == 0
    await gx.wait_value("com.victronenergy.settings", setting, 16.0)


async def test_silent_device_is_taken_to_agree_and_the_change_is_pending(gx: GX) -> None:
    await start(gx)
    assert await gx.set(EVCHARGER, "/SetCurrent", 10.0) == 0
    assert await gx.get(EVCHARGER, "/SetCurrent") == 10.0
    status = gx.directory / "run" / "mqtt-devices.json"
    await gx.wait(
        lambda: json.loads(status.read_text()).get("pending_changes") == {"ev/e/SetCurrent": 10.0}, "status file"
    )


async def test_silent_device_makes_venus_wait_only_once_and_many_writes_end_as_the_last(gx: GX) -> None:
    await start(gx)
    assert await gx.set(EVCHARGER, "/SetCurrent", 10.0) == 0  # nobody answers
    names = [f"name {number}" for number in range(20)]
    begun = time.monotonic()
    for number in range(30):
        assert await gx.set(EVCHARGER, "/Mode", number % 2) == 0
        assert await gx.set(EVCHARGER, "/MaxCurrent", 6.0 + number) == 0
    assert time.monotonic() - begun < 60 * ANSWER_LIMIT_S / 2
    assert set(await asyncio.gather(*(gx.set(EVCHARGER, "/CustomName", name) for name in names))) == {0}
    assert await gx.get(EVCHARGER, "/CustomName") == names[-1]
    await gx.wait_value("com.victronenergy.settings", "/Settings/MqttDevices/mqtt_ev_e/CustomName", names[-1])
    assert await gx.get(EVCHARGER, "/CustomName") == names[-1]


async def test_command_given_again_is_told_again_and_a_setting_only_until_it_is_answered(gx: GX) -> None:
    await start(gx)
    told = gx._messages[f"{SET}/StartStop"]
    assert await gx.set(EVCHARGER, "/StartStop", 1) == 0
    assert await gx.set(EVCHARGER, "/MaxCurrent", 16.0) == 0
    await gx.wait(lambda: len(told) == 1, "the first")
    async with asyncio.timeout(60):
        while len(told) < 2:  # what comes back at once would be an echo of the device
            assert await gx.set(EVCHARGER, "/StartStop", 1) == 0
            await asyncio.sleep(0.2)
    assert [json.loads(raw)["value"] for raw in told] == [1, 1]
    assert await gx.receive(f"{SET}/MaxCurrent") == {"value": 16.0}
    assert await set_and_answer(gx, "MaxCurrent", 16.0, "true") == 0
    await gx.publish("device/ev/e/Current", "7")
    await gx.wait_value(EVCHARGER, "/Current", 7.0)  # the answer has been read as well
    assert await gx.set(EVCHARGER, "/MaxCurrent", 16.0) == 0
    assert await set_and_answer(gx, "SetCurrent", 9.0, "true") == 0
    assert not gx._messages[f"{SET}/MaxCurrent"]


async def test_change_over_the_gateway_reaches_the_device_as_well(gx: GX) -> None:
    await start(gx)
    await gx.publish(f"R/{PORTAL}/keepalive", "")
    await gx.wait(lambda: bool(gx._messages[f"N/{PORTAL}/evcharger/1/Mode"]), "the gateway knows the service")
    await gx.publish(f"W/{PORTAL}/evcharger/1/Mode", {"value": 1})
    assert await gx.receive(f"{SET}/Mode") == {"value": 1}
    await gx.publish("device/ev/e/Mode", "1")
    await gx.wait_value(EVCHARGER, "/Mode", 1)


async def test_readings_are_not_sent_back_to_the_device(gx: GX) -> None:
    await start(gx)
    assert await gx.set(EVCHARGER, "/Current", 8.0) == 0
    assert await set_and_answer(gx, "StartStop", 1, "true") == 0
    assert not gx._messages[f"{SET}/Current"]


async def test_path_that_venus_writes_again_and_again_does_not_wait(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/pv/p", {"type": "pvinverter", "Ac/Power": 6})
    await gx.wait_value("com.victronenergy.pvinverter.mqtt_pv_p", "/Ac/Power", 6.0)
    for limit in (1000.0, 900.0, 800.0):
        assert await gx.set("com.victronenergy.pvinverter.mqtt_pv_p", "/Ac/PowerLimit", limit) == 0
    await gx.wait(lambda: len(gx._messages["device/pv/p/Set/Ac/PowerLimit"]) == 3, "three limits")


async def test_command_is_not_sent_late_to_a_broker_that_was_away(gx: GX) -> None:
    await start(gx)
    await gx.stop("client")
    await asyncio.to_thread(gx.broker.stop)
    await gx.wait_log("is down")
    assert await gx.set(EVCHARGER, "/StartStop", 1) == 0
    await asyncio.to_thread(gx.broker.start)
    await gx.start("client")
    await gx.wait_log("is back")
    assert await set_and_answer(gx, "SetCurrent", 9.0, "true") == 0
    assert not gx._messages[f"{SET}/StartStop"]
