"""The MQTT gateway between a real bus and a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest
from dbus_fast import DBusError, ErrorType

from simulators.gx.connection import Connection
from simulators.gx.gateway import GatewaySimulator
from simulators.gx.items import Item, ItemsService
from simulators.gx.system import SystemSimulator
from simulators.gx.wire import BUS_ITEM, to_variant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dbus_fast import Message

    from simulators.gx.connection import Answer
    from tests.peers.dbus import DBusDaemon
    from tests.peers.mosquitto import Mosquitto

pytestmark = pytest.mark.peer

PORTAL = "c0619ab00000"
LIMIT_S = 20.0
PACE_S = 0.5  # at most three keepalives per second are answered, and one more may follow at once
TANK = "com.victronenergy.tank.test"
N = f"N/{PORTAL}"


class Listener:
    """Everything under N, in order."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.client = client
        self.seen: list[tuple[str, str]] = []

    async def publish(self, topic: str, payload: str = "") -> None:
        await self.client.publish(topic, payload)

    async def until(self, condition: Callable[[str, str], bool]) -> str:
        """Take messages until one fits; returns its payload."""
        async with asyncio.timeout(LIMIT_S):
            async for message in self.client.messages:
                topic, payload = message.topic.value, message.payload.decode()
                self.seen.append((topic, payload))
                if condition(topic, payload):
                    return payload
        raise AssertionError("the broker closed the connection")

    async def next(self, topic: str) -> Any:
        payload = await self.until(lambda seen, _: seen == topic)
        return json.loads(payload) if payload else None

    async def see(self, topic: str) -> None:
        """Ask until a full publication has the topic, at the pace that the gateway answers."""
        async with asyncio.timeout(LIMIT_S):
            await self.keepalive()
            while topic not in dict(self.seen):
                await asyncio.sleep(PACE_S)
                await self.keepalive()

    async def read(self, path: str, value: object) -> None:
        """Read with R until the gateway knows the service and the value; no keepalive is involved.

        The gateway then also has every change that the service told before its answer.
        """
        async with asyncio.timeout(LIMIT_S):
            while True:
                await self.publish(f"R/{PORTAL}/{path}")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PACE_S):
                        if await self.next(f"{N}/{path}") == {"value": value}:
                            return

    async def keepalive(self, payload: str = "") -> Any:
        """Ask for all values; returns the closing message."""
        await self.publish(f"R/{PORTAL}/keepalive", payload)
        return await self.next(f"{N}/full_publish_completed")


def told(listener: Listener, topic: str) -> list[str]:
    return [payload for seen, payload in listener.seen if seen == f"{N}/{topic}"]


def tank(address: str, **more: Item) -> ItemsService:
    items = {
        "/DeviceInstance": Item(7),
        "/Level": Item(50.0, unit="%"),
        "/Alarms/Low/Active": Item(10, accept=lambda value: isinstance(value, int), minimum=0, maximum=100),
        "/Alarms/Low/State": Item(0),
        "/Anything": Item(None, accept=lambda _: True),
    }
    return ItemsService(address, TANK, {**items, **{f"/{key}": item for key, item in more.items()}})


@asynccontextmanager
async def gateway(
    bus: DBusDaemon, broker: Mosquitto, keepalive_s: float = 60.0, heartbeat_s: float = 60.0
) -> AsyncIterator[Listener]:
    async with (
        SystemSimulator(bus.address, portal_id=PORTAL),
        GatewaySimulator(
            bus.address, port=broker.port, portal_id=PORTAL, keepalive_s=keepalive_s, heartbeat_s=heartbeat_s
        ) as simulator,
        aiomqtt.Client(broker.host, broker.port) as client,
    ):
        await client.subscribe("N/#")
        await simulator.wait_connected()
        yield Listener(client)


async def test_the_serial_is_retained_and_all_else_waits_for_a_keepalive(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto
) -> None:
    async with tank(dbus_daemon.address) as service, gateway(dbus_daemon, mosquitto) as listener:
        assert await listener.next(f"{N}/system/0/Serial") == {"value": PORTAL}
        await listener.read("tank/7/Alarms/Low/State", 0)
        service["/Level"] = 40.0
        await listener.read("tank/7/Alarms/Low/State", 0)
        assert told(listener, "tank/7/Level") == []
        await listener.keepalive()
        assert told(listener, "tank/7/Level") == ['{"value":40.0}']
    async with aiomqtt.Client(mosquitto.host, mosquitto.port) as late:
        await late.subscribe("N/#")
        assert await Listener(late).next(f"{N}/system/0/Serial") == {"value": PORTAL}, "there for who comes late"


async def test_a_full_publication_has_limits_and_null_and_ends_with_the_echo(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto
) -> None:
    async with tank(dbus_daemon.address), gateway(dbus_daemon, mosquitto) as listener:
        await listener.see(f"{N}/tank/7/Level")
        completed = await listener.keepalive('{"keepalive-options":[{"full-publish-completed-echo":"me"}]}')
        seen = {topic: json.loads(payload) for topic, payload in listener.seen}
        assert seen[f"{N}/tank/7/Alarms/Low/Active"] == {"value": 10, "min": 0, "max": 100}
        assert seen[f"{N}/tank/7/Anything"] == {"value": None}
        assert seen[f"{N}/system/0/Relay/0/State"] == {"value": 0, "min": 0, "max": 1}
        assert completed["full-publish-completed-echo"] == "me"
        assert completed["value"] > 0


async def test_changes_are_told_while_alive_and_a_heart_beats(dbus_daemon: DBusDaemon, mosquitto: Mosquitto) -> None:
    async with tank(dbus_daemon.address) as service, gateway(dbus_daemon, mosquitto, heartbeat_s=0.05) as listener:
        await listener.see(f"{N}/tank/7/Level")
        service["/Level"] = 12.5
        assert await listener.next(f"{N}/tank/7/Level") == {"value": 12.5}
        assert (await listener.next(f"{N}/heartbeat"))["value"] > 0


async def test_changes_are_not_told_any_more_when_the_keepalive_is_over(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto
) -> None:
    async with tank(dbus_daemon.address) as service, gateway(dbus_daemon, mosquitto, keepalive_s=0.0) as listener:
        await listener.see(f"{N}/tank/7/Level")
        listener.seen.clear()
        service["/Level"] = 12.5
        await listener.read("tank/7/Alarms/Low/State", 0)
        assert told(listener, "tank/7/Level") == []
        await listener.keepalive()
        assert told(listener, "tank/7/Level") == ['{"value":12.5}']


async def test_a_service_that_leaves_clears_its_topics_even_when_nobody_listens(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto
) -> None:
    async with gateway(dbus_daemon, mosquitto, keepalive_s=0.0) as listener:
        async with tank(dbus_daemon.address):
            await listener.see(f"{N}/tank/7/Level")
        assert await listener.until(lambda topic, payload: topic == f"{N}/tank/7/Level" and not payload) == ""


async def test_r_reads_one_value_and_a_subtree_anew(dbus_daemon: DBusDaemon, mosquitto: Mosquitto) -> None:
    async with tank(dbus_daemon.address), gateway(dbus_daemon, mosquitto, keepalive_s=0.0) as listener:
        await listener.see(f"{N}/tank/7/Level")
        await listener.publish(f"R/{PORTAL}/tank/7/Level")
        assert await listener.next(f"{N}/tank/7/Level") == {"value": 50.0}
        listener.seen.clear()
        await listener.publish(f"R/{PORTAL}/tank/7/Alarms/Low")
        await listener.next(f"{N}/tank/7/Alarms/Low/State")
        assert {topic.removeprefix(N) for topic, _ in listener.seen} == {
            "/tank/7/Alarms/Low/Active",
            "/tank/7/Alarms/Low/State",
        }


@pytest.mark.parametrize(
    ("written", "arrived"),
    [
        ("5", 5),
        ("5000000000", 5000000000),
        ("5.0", 5.0),
        ('"x"', "x"),
        ("true", True),
        ("null", None),
        ("[1,2]", [1, 2]),
        ("[]", None),
    ],
)
async def test_w_writes_by_json_type(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto, written: str, arrived: object
) -> None:
    got: asyncio.Queue[object] = asyncio.Queue()

    def accept(value: object) -> bool:
        got.put_nowait(value)
        return True

    item = Item("before", accept=accept)
    async with tank(dbus_daemon.address, Typed=item), gateway(dbus_daemon, mosquitto) as listener:
        await listener.see(f"{N}/tank/7/Level")
        await listener.publish(f"W/{PORTAL}/tank/7/Typed", f'{{"value": {written}, "more": 1}}')
        value = await asyncio.wait_for(got.get(), LIMIT_S)
        assert value == arrived
        assert type(value) is type(arrived)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("tank/7/Anything", "no json"),
        ("tank/7/Anything", "[1]"),
        ("tank/7/Anything", "{}"),
        ("tank/7/Anything", '{"value": {"a": 1}}'),
        ("tank/7/Anything", '{"value": [1, "a"]}'),
        ("tank/7/Anything", '{"value": NaN}'),
        ("tank/7/Unknown", '{"value": 1}'),
        ("tank/8/Anything", '{"value": 1}'),
        ("tank", '{"value": 1}'),
    ],
)
async def test_a_w_that_is_no_good_is_dropped(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto, topic: str, payload: str
) -> None:
    async with tank(dbus_daemon.address), gateway(dbus_daemon, mosquitto) as listener:
        await listener.see(f"{N}/tank/7/Level")
        listener.seen.clear()
        await listener.publish(f"W/{PORTAL}/{topic}", payload)
        await listener.publish(f"W/{PORTAL}/tank/7/Anything", '{"value": "good"}')
        await listener.until(lambda _, payload: payload == '{"value":"good"}')
        assert [seen for seen, _ in listener.seen if "tank" in seen] == [f"{N}/tank/7/Anything"]


@pytest.mark.parametrize(
    ("items", "topic"),
    [
        ({"/DeviceInstance": Item("7")}, "tank/0"),
        ({"/DeviceInstance": Item(None)}, "tank/0"),
        ({"/Identifier": Item("abc")}, "tank/abc"),
        ({"/Identifier": Item(3)}, "tank/0"),
        ({}, "tank/0"),
    ],
)
async def test_the_instance_level_of_a_service(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto, items: dict[str, Item], topic: str
) -> None:
    items = {**items, "/Level": Item(1.5)}
    async with ItemsService(dbus_daemon.address, TANK, items), gateway(dbus_daemon, mosquitto) as listener:
        await listener.keepalive()
        await listener.see(f"{N}/{topic}/Level")


class OldService:
    """A service of the time before GetItems, telling changes path by path."""

    def __init__(self, address: str, error: ErrorType = ErrorType.UNKNOWN_METHOD) -> None:
        self.connection = Connection(address, on_call=self._answer)
        self.error = error

    def _answer(self, message: Message) -> Answer:
        if message.member == "GetValue" and message.path == "/":
            values = {"DeviceInstance": to_variant(3), "Pressure": to_variant(1013.0)}
            return "v", [type(to_variant(0))("a{sv}", values)]
        raise DBusError(self.error, "no")


async def test_a_service_without_get_items_is_read_in_the_old_way(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto
) -> None:
    old = OldService(dbus_daemon.address)
    async with old.connection, gateway(dbus_daemon, mosquitto) as listener:
        await old.connection.own("com.victronenergy.meteo.old")
        await listener.see(f"{N}/meteo/3/Pressure")
        changes = {"Value": to_variant(1014.5), "Text": to_variant("1014.5")}
        old.connection.emit("/Pressure", BUS_ITEM, "PropertiesChanged", "a{sv}", [changes])
        assert await listener.next(f"{N}/meteo/3/Pressure") == {"value": 1014.5}


async def test_a_service_whose_get_items_fails_otherwise_stays_unseen(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto
) -> None:
    old = OldService(dbus_daemon.address, ErrorType.FAILED)
    async with old.connection, gateway(dbus_daemon, mosquitto) as listener:
        await old.connection.own("com.victronenergy.meteo.old")
        async with tank(dbus_daemon.address):
            await listener.see(f"{N}/tank/7/Level")
        assert not [topic for topic, _ in listener.seen if "meteo" in topic]


async def test_the_gateway_is_back_after_a_restart_of_the_broker(dbus_daemon: DBusDaemon, mosquitto: Mosquitto) -> None:
    simulator = GatewaySimulator(dbus_daemon.address, port=mosquitto.port, portal_id=PORTAL)
    async with tank(dbus_daemon.address), simulator:
        await simulator.wait_connected()
        await asyncio.to_thread(mosquitto.stop)
        await asyncio.to_thread(mosquitto.start)
        async with aiomqtt.Client(mosquitto.host, mosquitto.port) as client:
            await client.subscribe("N/#")
            await Listener(client).read("tank/7/Level", 50.0)
