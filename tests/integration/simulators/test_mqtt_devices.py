"""The simulated devices as programs, at a real broker; the test plays mqtt-devices."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.peers.mosquitto import Mosquitto

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 30.0
SERVICES = {
    "tank": {"t1": "tank"},
    "temperature": {"t1": "temperature"},
    "gps": {"g1": "gps"},
    "pvinverter": {"p1": "pvinverter"},
    "combo": {"t1": "temperature", "t2": "tank", "g1": "gps"},
}


@asynccontextmanager
async def device(broker: Mosquitto, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    command = ("-m", f"simulators.mqtt.{name}", "--port", str(broker.port), "--client-id", "dev", "--period", "0.05")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, "--yes-fake-power", env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Daemon:
    """What mqtt-devices would see and say."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client

    async def receive(self, topic: str) -> Any:
        async with asyncio.timeout(LIMIT_S):
            async for message in self.client.messages:
                if message.topic.value == topic:
                    return message.payload.decode() if topic.endswith("LWT") else json.loads(message.payload)
        raise AssertionError("the broker closed the connection")

    async def answer(self, services: dict[str, str]) -> None:
        paths = {key: {letter: f"{letter}/p/{kind}/9" for letter in "NRW"} for key, kind in services.items()}
        reply = {"portalId": "p", "deviceInstance": dict.fromkeys(services, 9), "topicPath": paths}
        await self.client.publish("device/dev/DBus", json.dumps(reply))


@asynccontextmanager
async def daemon(broker: Mosquitto) -> AsyncIterator[Daemon]:
    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.subscribe("device/#")
        yield Daemon(client)


@pytest.mark.parametrize("name", SERVICES)
async def test_a_device_registers_sends_and_says_goodbye(mosquitto: Mosquitto, name: str) -> None:
    async with daemon(mosquitto) as peer, device(mosquitto, name) as process:
        status = await peer.receive("device/dev/Status")
        assert status["connected"] == 1
        assert status["services"] == SERVICES[name]
        await peer.answer(status["services"])
        told: dict[str, dict[str, Any]] = {}
        while len(told) < len(set(SERVICES[name].values())) or any(len(values) < 3 for values in told.values()):
            proxy = await peer.receive("device/dev/Proxy")
            told.setdefault(proxy["topicPath"], {}).update(proxy["values"])
        assert set(told) == {f"W/p/{kind}/9" for kind in SERVICES[name].values()}
        process.send_signal(signal.SIGTERM)
        status = await peer.receive("device/dev/Status")
        assert status["connected"] == 0
        assert await asyncio.wait_for(process.wait(), LIMIT_S) == 0


async def test_a_device_that_is_killed_leaves_its_last_will(mosquitto: Mosquitto) -> None:
    async with daemon(mosquitto) as peer, device(mosquitto, "tank") as process:
        status = await peer.receive("device/dev/Status")
        process.kill()
        assert await peer.receive(status["lwt_topic"]) == status["lwt_value"]


async def test_a_device_asks_again_and_survives_nonsense(mosquitto: Mosquitto) -> None:
    async with daemon(mosquitto) as peer, device(mosquitto, "tank"):
        await peer.receive("device/dev/Status")
        await peer.client.publish("device/dev/DBus", "nonsense")
        await peer.client.publish("device/dev/Error", b"\xff")
        assert (await peer.receive("device/dev/Status"))["connected"] == 1


async def test_a_device_that_nobody_answers_says_so_once(mosquitto: Mosquitto) -> None:
    async with daemon(mosquitto) as peer, device(mosquitto, "tank") as process:
        for _ in range(4):
            await peer.receive("device/dev/Status")
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        said = (await asyncio.wait_for(process.stdout.read(), LIMIT_S)).decode()
        assert said.count("does mqtt-devices listen to this broker?") == 1


async def test_a_device_registers_again_when_the_broker_is_back(mosquitto: Mosquitto) -> None:
    async with device(mosquitto, "tank"):
        async with daemon(mosquitto) as peer:
            await peer.answer((await peer.receive("device/dev/Status"))["services"])
            await peer.receive("device/dev/Proxy")
        await asyncio.to_thread(mosquitto.stop)
        await asyncio.to_thread(mosquitto.start)
        async with daemon(mosquitto) as peer:
            assert (await peer.receive("device/dev/Status"))["connected"] == 1
