"""Several brokers at once."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import aiomqtt
import pytest

from tests.integration.mqtt_devices.gx import temperature
from tests.peers.mosquitto import Mosquitto

if TYPE_CHECKING:
    from tests.integration.mqtt_devices.gx import GX

pytestmark = pytest.mark.peer


async def test_second_broker_has_devices_of_its_own_and_its_loss_harms_nobody(gx: GX) -> None:
    with Mosquitto() as house:
        config = gx.directory / "data/conf/venus-daemons"
        config.mkdir(parents=True)
        (config / "mqtt-devices.yml").write_text(
            f"brokers:\n  house: {{host: 127.0.0.1, port: {house.port}}}\n"
            "  gone: {host: 127.0.0.1, port: 1}\n  wrong: {host: 127.0.0.1, certificate: /no/such/file}\n"
        )
        await gx.start_all()
        await gx.wait_log("MQTT broker house at")
        async with aiomqtt.Client("127.0.0.1", house.port) as client:
            await client.subscribe("device/h/DBus")
            await client.publish("device/h/t1", json.dumps({"type": "temperature", "Temperature": 5}))
            async with asyncio.timeout(60):
                message = await anext(aiter(client.messages))
            assert json.loads(message.payload)["deviceInstance"] == {"t1": 1}
        await gx.publish("device/g/t1", {"type": "temperature", "Temperature": 6})
        await gx.wait_value(temperature("g"), "/Temperature", 6.0)
        await gx.wait_value(temperature("h"), "/Temperature", 5.0)
        await asyncio.to_thread(house.stop)
        await gx.wait_log(f"house at 127.0.0.1:{house.port} is down")
        await gx.publish("device/g/t1", {"Temperature": 7})
        await gx.wait_value(temperature("g"), "/Temperature", 7.0)
        await asyncio.to_thread(house.start)
        await gx.wait_log(f"house at 127.0.0.1:{house.port} is back")
        async with aiomqtt.Client("127.0.0.1", house.port) as client:
            await client.publish("device/h/t1", json.dumps({"Temperature": 8}))
            await gx.wait_value(temperature("h"), "/Temperature", 8.0)
        assert gx.daemon is not None
        log = gx.daemon.output
        assert log.count("broker gone at 127.0.0.1:1 is down") == 1
        assert log.count("broker wrong at 127.0.0.1:8883 is down") == 1
