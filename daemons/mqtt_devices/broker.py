"""The connection to the MQTT broker. The only file that knows aiomqtt (and paho-mqtt, of which it is made)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from daemonkit.errors import LinkLost
from daemonkit.ratelimit import LogOnce
from daemonkit.supervise import heed_cancellation
from mqtt_devices.protocol.broker_address import MqttVersion
from mqtt_devices.protocol.effects import Publish, Subscribe, Unsubscribe
from mqtt_devices.protocol.inbox import Inbox, Message
from mqtt_devices.protocol.names import split_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mqtt_devices.protocol.broker_address import BrokerAddress

# What the broker may send in one packet. Far more than is read, so that its sender can be told; most of it is
# dropped on arrival. A broker that speaks MQTT 5 keeps larger ones to itself: payloads may have 256 MB.
MAX_PACKET = 1024 * 1024
# Replies that wait for a broker that is away or slow. One registration needs one or two.
MAX_OUTBOX = 1000
# Around topic and payload of a PUBLISH: at most 5 bytes of header, 2 of topic length, 1 of properties (MQTT 5, 3.3).
_PUBLISH_HEAD = 8
# SUBACK codes from here on are refusals, for example by an access list (MQTT 3.1.1, 3.9.3; MQTT 5, 3.9.3).
_REFUSED = 0x80
# A broker of the local network that has not answered within this time will not.
ANSWER_LIMIT_S = 10.0
KEEPALIVE_S = 60
# A daemon that is told to stop has 5 s for everything.
GOODBYE_LIMIT_S = 1.0

_log = logging.getLogger(__name__)
_too_large = LogOnce()
# paho logs one line for each packet at DEBUG; its failures arrive here as exceptions.
_paho_log = logging.getLogger("mqtt_devices.paho")
_paho_log.setLevel(logging.CRITICAL)

Request = Publish | Subscribe | Unsubscribe


class Broker:
    """One broker: messages in go to the inbox, requests out wait until they can be sent.

    Args:
        address: where, and as whom.
        inbox: takes what arrives.
        name: goes into its messages.
        arrived: is set when something did.
        will: what the broker is to publish when this process is gone.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        inbox: Inbox,
        name: str = "",
        arrived: asyncio.Event | None = None,
        will: Publish | None = None,
    ) -> None:
        self._address = address
        self._inbox = inbox
        self._name = name
        self._will = will
        self._outbox: deque[Request] = deque(maxlen=MAX_OUTBOX)
        self._has_output = asyncio.Event()
        self._is_up = False
        # Two clients of one name throw each other out, again and again; so it is different each time.
        self._identifier = address.client_id or f"mqtt-devices-{os.urandom(4).hex()}"
        is_three = address.version is MqttVersion.THREE
        self._protocol = aiomqtt.ProtocolVersion.V311 if is_three else aiomqtt.ProtocolVersion.V5
        self.arrived = arrived or asyncio.Event()

    def send(self, request: Request) -> None:
        """Queue a request; beyond MAX_OUTBOX the oldest is dropped, and what expires without a connection."""
        if not self._is_up and isinstance(request, Publish) and request.expires:
            return
        self._outbox.append(request)
        self._has_output.set()

    async def session(self, get_topics: Callable[[], Sequence[str]], up: Callable[[], None]) -> None:
        """Connect, subscribe to what `get_topics` says then, call `up`, and work until the connection ends.

        Raises:
            LinkLost: it could not be made, or has ended. Nothing that is subscribed survives.
        """
        try:
            async with self._make_client() as client:
                # What is subscribed is decided anew; requests of the former connection would undo it.
                self._keep_publications()
                await self._subscribe(client, get_topics())
                up()
                self._is_up = True
                try:
                    await self._work(client)
                except asyncio.CancelledError:
                    await self._say_goodbye(client)
                    raise
        except aiomqtt.MqttError as error:
            self._choose_protocol(error)
            raise LinkLost(f"{error}") from None
        except (OSError, ValueError) as error:
            # A certificate file that is missing or is none, a name that cannot be looked up.
            raise LinkLost(f"{self._address.host}: {error}") from None
        finally:
            self._is_up = False

    async def _say_goodbye(self, client: aiomqtt.Client) -> None:
        """Publish the last will: after an orderly end the broker does not."""
        if self._will is not None:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(GOODBYE_LIMIT_S):
                    await client.publish(self._will.topic, self._will.payload, retain=self._will.retain)

    async def _work(self, client: _Client) -> None:
        tasks = (
            asyncio.create_task(_wait_for_end(client), name="broker.end"),
            asyncio.create_task(self._send_requests(client), name="broker.send"),
        )
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_requests(self, client: _Client) -> None:
        while True:
            self._has_output.clear()
            while self._outbox:
                request = self._outbox.popleft()
                try:
                    await self._send_request(client, request)
                except BaseException:
                    # Not sent, as far as known: first in the queue of the next connection.
                    self._outbox.appendleft(request)
                    raise
                heed_cancellation()
            await self._has_output.wait()

    async def _send_request(self, client: _Client, request: Request) -> None:
        if isinstance(request, Publish):
            payload = request.payload.encode()
            size = _PUBLISH_HEAD + len(request.topic.encode()) + len(payload)
            if client.max_packet is None or size <= client.max_packet:
                await client.publish(request.topic, payload, retain=request.retain)
            elif _too_large.broke(request.topic):
                text = "%.200r is not sent: it would have %d bytes, and the broker takes %d (its max_packet_size)"
                _log.warning(text, request.topic, size, client.max_packet)
        elif isinstance(request, Subscribe):
            await self._subscribe(client, (request.topic,))
        else:
            await client.unsubscribe(request.topic)

    async def _subscribe(self, client: aiomqtt.Client, topics: Sequence[str]) -> None:
        for part in split_topics(topics):
            codes: Sequence[Any] = await client.subscribe([(topic, 0) for topic in part])
            for topic, code in zip(part, codes, strict=False):
                # An int from MQTT 3.1.1, an object from MQTT 5.
                if getattr(code, "value", code) >= _REFUSED:
                    _log.warning("the broker refuses a subscription to %.200r; check its access rules", topic)

    def _keep_publications(self) -> None:
        kept = [request for request in self._outbox if isinstance(request, Publish) and not request.expires]
        self._outbox.clear()
        self._outbox.extend(kept)

    def _make_client(self) -> _Client:
        address = self._address
        properties = None
        will = self._will
        if self._protocol is aiomqtt.ProtocolVersion.V5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
            properties.MaximumPacketSize = MAX_PACKET
        return _Client(
            address.host,
            address.port,
            username=address.user,
            password=address.password,
            tls_params=aiomqtt.TLSParameters(ca_certs=address.certificate) if address.is_tls else None,
            identifier=self._identifier,
            protocol=self._protocol,
            properties=properties,
            keepalive=KEEPALIVE_S,
            will=aiomqtt.Will(will.topic, will.payload, retain=will.retain) if will else None,
            timeout=ANSWER_LIMIT_S,
            logger=_paho_log,
            # aiomqtt makes its queue by calling this; a task per message, as its iterator needs, would cost too much.
            queue_type=cast("Any", lambda maxsize: _Intake(self._take, maxsize)),
        )

    def _take(self, message: aiomqtt.Message) -> None:
        self._inbox.put(Message(str(message.topic), message.payload, bool(message.retain), self._name))
        self.arrived.set()

    def _choose_protocol(self, error: aiomqtt.MqttError) -> None:
        """Fall back to MQTT 3.1.1 for a broker that refuses MQTT 5 as such; begin with MQTT 5 after the next loss."""
        if self._address.version is not MqttVersion.AUTO:
            return
        is_refused = isinstance(error, aiomqtt.MqttCodeError) and "protocol version" in str(error).lower()
        is_five = self._protocol is aiomqtt.ProtocolVersion.V5
        self._protocol = aiomqtt.ProtocolVersion.V311 if is_refused and is_five else aiomqtt.ProtocolVersion.V5


class _Client(aiomqtt.Client):
    """Knows how large a packet the broker takes (CONNACK, MQTT 5, 3.2.2.3.6): it hangs up on larger ones."""

    max_packet: int | None = None

    def _on_connect(self, *args: Any) -> None:
        self.max_packet = getattr(args[-1], "MaximumPacketSize", None)
        super()._on_connect(*args)


class _Intake(asyncio.Queue[aiomqtt.Message]):
    """Hands each message over at once and stays empty."""

    def __init__(self, take: Callable[[aiomqtt.Message], None], maxsize: int) -> None:
        super().__init__(maxsize)
        self._take = take

    def put_nowait(self, item: aiomqtt.Message) -> None:
        """Called by aiomqtt for each message."""
        self._take(item)


async def _wait_for_end(client: aiomqtt.Client) -> None:
    async for _ in client.messages:
        # The intake is always empty, so this loop only ends, with MqttError.
        continue
