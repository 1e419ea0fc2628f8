"""Ten thousand hostile messages: the process lives, and a well-behaved device notices nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.mqtt_devices.gx import PORTAL, temperature
from tests.unit.mqtt_devices.payloads import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.mqtt_devices.gx import GX

pytestmark = [pytest.mark.peer, pytest.mark.parametrize("library", ["dbus_fast", "dbus_next"])]

MESSAGES = 10_000
MESSAGES_OF_THE_OTHER = 2_000  # what they meet is the same but for the last step
MESSAGES_LONG = 200_000
BATCH = 200
# Enough senders that the inbox, which bounds each of them, drops nothing: all messages have to be read.
LEVELS = 40
# Far above what they need; far below what unbounded queues or logs would take.
MAX_GROWTH_KIB = 40 * 1024
MAX_LOG_BYTES = 2_000_000

KEYS = ("clientId", "connected", "version", "services", "lwt_topic", "lwt_value", "topicPath", "values")
VALUES: tuple[object, ...] = (
    *(0, 1, -1, 2, 1.5, 1e300, 10**30, None, True, False, "", "x", "temperature", "#", "a/+/b", "\0", "\ud800"),
    *([], {}, [[]], {"t1": "temperature"}, {"": "tank"}, {"t1": "grid", "t2": 5}, {"Temperature": "NaN"}, {"T": {}}),
    *(f"W/{PORTAL}/temperature/1", f"W/{PORTAL}/settings/0", "W/+/+/+", "x" * 3000),
)


def make_payload(source: random.Random) -> bytes:
    kind = source.random()
    if kind < 0.3:
        return source.choice(HOSTILE)
    if kind < 0.5:
        return source.randbytes(source.randrange(1, 60))
    keys = source.sample(KEYS, source.randrange(len(KEYS) + 1))
    message = json.dumps({key: source.choice(VALUES) for key in keys}).encode()
    return message if kind < 0.9 else message[: source.randrange(len(message))]


def resident_kib(pid: int) -> int:
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


@pytest.mark.long
@pytest.mark.slow
async def test_good_device_works_through_ten_thousand_hostile_messages(
    gx: GX, library: str, campaign: Callable[[int, int], int]
) -> None:
    messages = campaign(MESSAGES if library == "dbus_fast" else MESSAGES_OF_THE_OTHER, MESSAGES_LONG)
    daemon = await gx.start_all()
    pid = daemon.pid
    reply = await gx.register("good")
    before_kib = resident_kib(pid)
    source = random.Random(1)  # noqa: S311 - the same campaign each time
    sent = 0
    while sent < messages:
        for _ in range(BATCH):
            topic = f"device/evil{sent % LEVELS}/{source.choice(('Status', 'Proxy'))}"
            await gx.publish(topic, make_payload(source))
            sent += 1
        value = float(sent)
        await gx.publish("device/good/Proxy", {"topicPath": reply["topicPath"]["t1"]["W"], "values": {"CO2": value}})
        await gx.wait_value(temperature("good"), "/CO2", value)
        assert (await gx.register("good"))["deviceInstance"] == reply["deviceInstance"]
    assert daemon.pid == pid
    assert daemon.process is not None
    assert daemon.process.poll() is None
    assert "because of a bug" not in daemon.output
    assert "Traceback" not in daemon.output
    assert resident_kib(pid) - before_kib < MAX_GROWTH_KIB
    assert len(daemon.output) < MAX_LOG_BYTES
    status = gx.directory / "run" / "mqtt-devices.json"
    await gx.wait(lambda: json.loads(status.read_text()).get("rejected_messages", 0) > messages * 0.8, "rejections")
    assert json.loads(status.read_text())["dropped_messages"] == 0
    # A level of its own: those of the campaign may have had their one Error a second just now.
    await gx.publish("device/evil_last/Status", "{")
    assert (await gx.receive("device/evil_last/Error"))["reason"] == "not_json"


ODD_TEXTS = (
    "a\x01b",
    "\x1f",
    "\x7f",
    "\x9f",
    "\ufffe",
    "\ufdd0",
    "\U0010ffff",
    "\u202e",
    " ",
    "\n",
    "/",
    "//",
    "ü" * 60,
)
ODD_TOPICS = (*ODD_TEXTS, "$share/a", "$share//b", "$SYS/x", "$", "/" * 300, "a/" * 60, "x" * 512, "device/+/Status")


async def test_no_text_of_a_device_makes_broker_or_bus_hang_up(gx: GX) -> None:
    daemon = await gx.start_all()
    await gx.register("good")
    for number, topic in enumerate(ODD_TOPICS):
        await gx.register(f"x{number}", services={}, lwt_topic=topic)
    for number, text in enumerate(ODD_TEXTS):
        reply = await gx.register(f"y{number}", version=text)
        values = {"CustomName": text, "Temperature": number}
        await gx.publish(f"device/y{number}/Proxy", {"topicPath": reply["topicPath"]["t1"]["W"], "values": values})
        await gx.wait_value(temperature(f"y{number}"), "/Temperature", float(number))
        assert await gx.get(temperature(f"y{number}"), "/FirmwareVersion") == text
        await gx.wait_value("com.victronenergy.settings", f"/Settings/MqttDevices/mqtt_y{number}_t1/CustomName", text)
    await gx.register("good")
    assert "is down" not in daemon.output
    assert "lost its D-Bus connection" not in daemon.output
    assert "Traceback" not in daemon.output
