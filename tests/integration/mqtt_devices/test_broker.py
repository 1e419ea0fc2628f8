"""The connection to a real broker: plain, with password, by TLS, through restarts, MQTT 5 and 3.1.1."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import aiomqtt
import pytest

from daemonkit.backoff import Backoff
from daemonkit.errors import LinkLost
from daemonkit.supervise import keep_connected
from mqtt_devices.broker import MAX_OUTBOX, MAX_PACKET, Broker
from mqtt_devices.protocol.broker_address import BrokerAddress
from mqtt_devices.protocol.effects import Publish, Subscribe, Unsubscribe
from mqtt_devices.protocol.inbox import MAX_KEPT_PAYLOAD, Inbox, Message
from tests.peers.mosquitto import Mosquitto
from tests.peers.process import find_program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

pytestmark = pytest.mark.peer

LIMIT_S = 60.0
# Else mosquitto, started by root, changes its user and cannot read the test's files.
AS_STARTED = "user root\n"
TOPICS = ["device/+/Status"]


class Connection:
    """A Broker that is kept connected, and what came in."""

    def __init__(self, address: BrokerAddress, topics: list[str] | None = None) -> None:
        self.inbox = Inbox()
        self.broker = Broker(address, inbox=self.inbox)
        self.topics = TOPICS if topics is None else topics
        self.ups = 0

    async def receive(self) -> Message:
        async with asyncio.timeout(LIMIT_S):
            while (message := self.inbox.pop()) is None:
                await self.broker.arrived.wait()
                self.broker.arrived.clear()
        return message

    async def wait_up(self, count: int = 1) -> None:
        async with asyncio.timeout(LIMIT_S):
            while self.ups < count:  # noqa: ASYNC110 - the daemon has no use for an event here
                await asyncio.sleep(0.01)

    def note_up(self, up: Callable[[], None]) -> None:
        self.ups += 1
        up()

    async def session(self, up: Callable[[], None]) -> None:
        await self.broker.session(lambda: self.topics, partial(self.note_up, up))


@asynccontextmanager
async def connected(address: BrokerAddress, topics: list[str] | None = None) -> AsyncIterator[Connection]:
    connection = Connection(address, topics)
    task = asyncio.create_task(keep_connected("broker", connection.session, backoff=Backoff(0.05, 1, 0.05)))
    try:
        await connection.wait_up()
        yield connection
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def plain(broker: Mosquitto) -> BrokerAddress:
    return BrokerAddress(port=broker.port)


@pytest.fixture
async def client(mosquitto: Mosquitto) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as other:
        yield other


async def test_messages_arrive_with_their_retain_flag(mosquitto: Mosquitto, client: aiomqtt.Client) -> None:
    await client.publish("device/a/Status", b"old", retain=True)
    async with connected(plain(mosquitto)) as connection:
        assert await connection.receive() == Message("device/a/Status", b"old", retained=True)
        await client.publish("device/a/Status", b"new", retain=True)
        assert await connection.receive() == Message("device/a/Status", b"new", retained=False)


async def test_requests_are_carried_out_in_order(mosquitto: Mosquitto, client: aiomqtt.Client) -> None:
    async with connected(plain(mosquitto)) as connection:
        for request in (
            Subscribe("x"),
            Publish("x", "1"),
            Unsubscribe("x"),
            Publish("x", "2"),
            Publish("device/me/Status", "3"),
        ):
            connection.broker.send(request)
        assert (await connection.receive()).payload == b"1"
        assert (await connection.receive()).payload == b"3"
    assert client.identifier != connection.broker._identifier


async def test_publications_wait_for_a_broker_that_is_away_and_subscriptions_are_made_anew(
    mosquitto: Mosquitto,
) -> None:
    async with connected(plain(mosquitto), ["lwt/a"]) as connection:
        await asyncio.to_thread(mosquitto.stop)
        connection.broker.send(Subscribe("gone"))
        connection.broker.send(Publish("lwt/a", "kept"))
        connection.broker.send(Publish("gone", "not subscribed any more"))
        await asyncio.to_thread(mosquitto.start)
        await connection.wait_up(2)
        assert await connection.receive() == Message("lwt/a", b"kept", retained=False)
        connection.broker.send(Publish("lwt/a", "last"))
        assert (await connection.receive()).payload == b"last"


async def test_outbox_is_bounded_and_drops_the_oldest() -> None:
    broker = Broker(BrokerAddress(), inbox=Inbox())
    for number in range(MAX_OUTBOX + 5):
        broker.send(Publish("t", str(number)))
    assert len(broker._outbox) == MAX_OUTBOX
    assert broker._outbox[0] == Publish("t", "5")


async def test_many_topics_are_subscribed(mosquitto: Mosquitto, client: aiomqtt.Client) -> None:
    async with connected(plain(mosquitto), [f"lwt/{number}" for number in range(173)]) as connection:
        for number in (0, 49, 50, 172):
            await client.publish(f"lwt/{number}", "x")
            assert (await connection.receive()).topic == f"lwt/{number}"


async def test_broker_is_sent_no_packet_that_it_hangs_up_on(caplog: pytest.LogCaptureFixture) -> None:
    with Mosquitto("max_packet_size 8000\n") as broker:
        async with connected(plain(broker), [f"lwt/{number}/{'x' * 200}" for number in range(50)]) as connection:
            for payload in ("x" * 9000, "y" * 8100, "last"):
                connection.broker.send(Publish("lwt/0/" + "x" * 200, payload))
            assert (await connection.receive()).payload == b"last"
            assert connection.ups == 1
    assert len([record for record in caplog.records if "is not sent" in record.message]) == 1


async def test_payload_beyond_all_reason_is_kept_away_by_the_broker(
    mosquitto: Mosquitto, client: aiomqtt.Client
) -> None:
    async with connected(plain(mosquitto)) as connection:
        await client.publish("device/a/Status", b"x" * 20_000_000)
        await client.publish("device/a/Status", b"y" * (MAX_PACKET - 100))
        assert (await connection.receive()).payload == b"y" * MAX_KEPT_PAYLOAD, (
            "what is too long to be read arrives cut"
        )
        assert connection.ups == 1


async def test_broker_that_knows_only_older_mqtt_is_spoken_to_in_it(mosquitto: Mosquitto) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(9)
        if head[8] == 5:  # protocol level of CONNECT (MQTT 5, 3.1.2.2)
            writer.write(b"\x20\x02\x00\x01")  # CONNACK, unacceptable protocol version (MQTT 3.1.1, 3.2.2.3)
            writer.close()
            return
        levels.append(head[8])
        their_reader, their_writer = await asyncio.open_connection("127.0.0.1", mosquitto.port)
        their_writer.write(head)
        with contextlib.suppress(OSError):
            await asyncio.gather(pass_on(reader, their_writer), pass_on(their_reader, writer))

    async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
        finally:
            target.close()

    levels: list[int] = []
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connected(BrokerAddress(port=port)) as connection:
            connection.broker.send(Publish("device/a/Status", "by 3.1.1"))
            assert (await connection.receive()).payload == b"by 3.1.1"
    assert levels == [4]


async def test_password_is_used_and_a_wrong_one_is_a_lost_link(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    command = (find_program("mosquitto_passwd"), "-b", "-c", str(file), "me", "secret")
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    with Mosquitto(f"{AS_STARTED}password_file {file}\nallow_anonymous false\n") as broker:
        good = BrokerAddress(port=broker.port, user="me", password="secret")  # noqa: S106 - no secret
        async with connected(good) as connection:
            connection.broker.send(Publish("device/a/Status", "in"))
            assert (await connection.receive()).payload == b"in"
        for bad in (BrokerAddress(port=broker.port), BrokerAddress(port=broker.port, user="me", password="x")):  # noqa: S106
            with pytest.raises(LinkLost, match="authori"):
                await Connection(bad).session(lambda: None)


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_tls_is_used_with_a_certificate_and_checked(tmp_path: Path, free_port: Callable[[], int]) -> None:
    for name in ("good", "other"):
        command = (
            *(find_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        )
        await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, cwd=tmp_path)
    port = free_port()
    extra = f"{AS_STARTED}listener {port} 127.0.0.1\ncertfile {tmp_path}/good.crt\nkeyfile {tmp_path}/good.key\n"
    with Mosquitto(extra):
        async with connected(
            BrokerAddress(port=port, certificate=str(tmp_path / "good.crt"), is_tls=True)
        ) as connection:
            connection.broker.send(Publish("device/a/Status", "by TLS"))
            assert (await connection.receive()).payload == b"by TLS"
        for certificate in ("other.crt", "missing.crt"):
            address = BrokerAddress(port=port, certificate=str(tmp_path / certificate), is_tls=True)
            with pytest.raises(LinkLost):
                await Connection(address).session(lambda: None)


async def test_session_ends_also_when_a_publication_swallows_that_it_should(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_sending = asyncio.Event()

    async def publish(*_: object, **__: object) -> None:
        is_sending.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    monkeypatch.setattr(aiomqtt.Client, "publish", publish)
    async with asyncio.timeout(LIMIT_S), connected(plain(mosquitto)) as connection:
        connection.broker.send(Publish("device/a/DBus", "{}"))
        await is_sending.wait()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1"])
async def test_broker_that_cannot_be_reached_is_a_lost_link(host: str, free_port: Callable[[], int]) -> None:
    with pytest.raises(LinkLost):
        await Connection(BrokerAddress(host=host, port=free_port())).session(lambda: None)
