"""What one device does must not reach another, with everything real."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.mqtt_devices.gx import temperature

if TYPE_CHECKING:
    from tests.integration.mqtt_devices.gx import GX

pytestmark = pytest.mark.peer

ONE = {"services": {"t1": "temperature"}}


async def test_odd_last_will_of_one_device_costs_no_other_its_memory(gx: GX) -> None:
    daemon = await gx.start_all()
    await gx.register("n", lwt_topic="n/lwt", lwt_value="NaN", **ONE)
    await gx.register("g", **ONE)
    await gx.start_daemon()
    await gx.wait_names(present=(temperature("n"), temperature("g")))
    assert "not kept over a restart" not in daemon.output
    await gx.wait_log("is connected")
    await gx.publish("n/lwt", "NaN")
    await gx.wait_names(present=(temperature("g"),), absent=(temperature("n"),))


async def test_last_will_on_topics_of_another_device_leaves_it_its_voice_also_after_a_restart(gx: GX) -> None:
    await gx.start_all()
    await gx.register("b", **ONE)
    await gx.register("a", lwt_topic="device/b/t1", lwt_value="bye", **ONE)
    for value in (5.5, 6.5):
        await gx.publish("device/b/t1", {"Temperature": value})
        await gx.wait_value(temperature("b"), "/Temperature", value)
        await gx.start_daemon()
        await gx.wait_names(present=(temperature("a"), temperature("b")))
        await gx.wait_log("is connected")
    await gx.publish("device/b/t1", "bye")
    await gx.wait_names(present=(temperature("b"),), absent=(temperature("a"),))


async def test_payload_and_key_beyond_all_length_are_answered_briefly(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/x/Status", b"x" * 500_000)
    assert (await gx.receive("device/x/Error"))["reason"] == "too_long"
    await gx.publish("device/y/Proxy", {"topicPath": "W/a/tank/1", "values": {"é" * 7000: 1}})
    error = await gx.receive("device/y/Error")
    assert len(error["field"]) == 200
    assert len(str(error)) < 2000


async def test_status_that_the_broker_has_kept_brings_a_service_back_and_not_to_life(gx: GX) -> None:
    await gx.start_all()
    status = {"clientId": "r", "connected": 1, "services": ONE["services"]}
    await gx.client.publish("device/r/Status", json.dumps(status), retain=True)
    await gx.receive("device/r/DBus")
    await gx.wait_value(temperature("r"), "/Connected", 1)
    await gx.start_daemon()
    await gx.receive("device/r/DBus")
    await gx.wait_value(temperature("r"), "/Connected", 0)
    assert await gx.set(temperature("r"), "/Temperature", None) == 0, "it has no value, and says so"
    await gx.wait_value(temperature("r"), "/Connected", 1)
