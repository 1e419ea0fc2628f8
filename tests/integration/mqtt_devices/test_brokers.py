"""Several brokers at once."""

from __future__ import annotations

import asyncio
import json
import subprocess
from typing import TYPE_CHECKING

import aiomqtt
import pytest

from tests.integration.mqtt_devices.gx import temperature
from tests.peers.mosquitto import Mosquitto
from tests.peers.process import find_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
        assert log.count("broker wrong: /no/such/file: certificate: has to be") == 1


TOKEN = "eyJhbGciOi"  # noqa: S105 - of a broker that lives for one test


async def run(*command: str, directory: Path) -> None:
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, cwd=directory, check=False)
    assert done.returncode == 0, done.stderr


async def test_token_by_tls_with_mqtt_5_and_by_plain_mqtt_3_1_1(
    gx: GX, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    await run(find_program("mosquitto_passwd"), "-b", "-c", "passwords", "token", TOKEN, directory=tmp_path)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "b.key", "-out", "b.crt")
    name = ("-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    await run(find_program("openssl"), "req", "-x509", *key, *name, directory=tmp_path)
    secured = f"allow_anonymous false\npassword_file {tmp_path}/passwords\nuser root\nlog_dest stderr\n"
    port = free_port()
    by_tls = f"listener {port} 127.0.0.1\ncertfile {tmp_path}/b.crt\nkeyfile {tmp_path}/b.key\n"
    with Mosquitto(secured + by_tls) as five, Mosquitto(secured) as three:
        config = gx.directory / "data/conf/venus-daemons"
        config.mkdir(parents=True)
        (config / "mqtt-devices.yml").write_text(
            "brokers:\n"
            f"  five: {{host: 127.0.0.1, port: {port}, certificate: {tmp_path}/b.crt, token: {TOKEN}, mqtt: 5}}\n"
            f"  three: {{host: 127.0.0.1, port: {three.port}, token: {TOKEN}, mqtt: 3.1.1}}\n"
            f"  wrong: {{host: 127.0.0.1, port: {three.port}, token: no{TOKEN}}}\n"
        )
        await gx.start_all()
        for client_id, broker in (("f", five), ("t", three)):
            async with aiomqtt.Client("127.0.0.1", broker.port, username="token", password=TOKEN) as client:
                await gx.wait_log(f"MQTT broker {'five' if broker is five else 'three'} at")
                await client.publish(f"device/{client_id}/t1", json.dumps({"type": "temperature", "Temperature": 5}))
                await gx.wait_value(temperature(client_id), "/Temperature", 5.0)
        await gx.wait_log("broker wrong at")
        # What mosquitto calls protocol 5 and 2 is MQTT 5 and 3.1.1.
        for broker, protocol in ((five, "p5"), (three, "p2")):
            lines = [line for line in broker.output.splitlines() if " as mqtt-devices-" in line]
            assert [f"({protocol}, c1, k60, u'token')" in line for line in lines] == [True], broker.output
    assert gx.daemon is not None
    assert TOKEN not in gx.daemon.output
