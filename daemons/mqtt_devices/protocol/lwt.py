"""Last wills: any topic and value that a device names as the sign that it is gone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.effects import Effect, Subscribe, Unsubscribe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

DEFAULT_VALUE = "false"
# Topic names of MQTT may have 65,535 bytes; no device needs more than a fraction, and each is kept while it is armed.
MAX_TOPIC = 512
# Brokers limit the depth of topics (mosquitto to 200 levels) and hang up on whoever asks for more.
MAX_LEVELS = 64
# Availability messages are one word or a small object; longer payloads on such a topic are something else.
MAX_VALUE_BYTES = 1024
# Python and Arduino clients write False and FALSE.
_WORDS = {"false": False, "true": True}


@dataclass(frozen=True, slots=True)
class LastWill:
    """A topic, and the payload that means gone, in comparable form."""

    topic: str
    value: str

    def matches(self, payload: bytes) -> bool:
        """Whether this payload says that the device is gone.

        Compared as JSON where both are JSON, else as text: false, "false", False and {"value": false} are one.
        """
        if len(payload) > MAX_VALUE_BYTES:
            return False
        return _comparable(payload.decode("utf-8", "replace")) == self.value


def parse_last_will(topic: object, value: object) -> LastWill | None:
    """Read the fields lwt_topic and lwt_value of a Status; None when no topic is given.

    Raises:
        Rejected: no plain topic, or a value that is too long. The device is registered nevertheless, without a last
            will: wildcards never matched in the former driver either, and "#" would bring all traffic of the broker.
    """
    if topic is None or topic == "":
        return None
    if not isinstance(topic, str) or len(topic) > MAX_TOPIC or topic.count("/") >= MAX_LEVELS:
        raise Rejected(Reason.BAD_LAST_WILL, "lwt_topic", f"a topic of up to {MAX_TOPIC} characters")
    if "+" in topic or "#" in topic:
        raise Rejected(Reason.BAD_LAST_WILL, "lwt_topic", "a topic without the wildcards + and #")
    # A broker may close the connection of a client that names control characters (MQTT 3.1.1, 1.5.3) or malformed
    # shared subscriptions ($share/...), and mosquitto does: one device would cut off all others, at each reconnect.
    if topic.startswith("$") or not topic.isprintable():
        raise Rejected(Reason.BAD_LAST_WILL, "lwt_topic", "printable characters, the first not $")
    text = value if isinstance(value, str) else json.dumps(value)
    comparable = _comparable(text)
    # Both: what is kept over a restart is the second, and is read as the first.
    if max(len(form.encode("utf-8", "replace")) for form in (text, comparable)) > MAX_VALUE_BYTES:
        raise Rejected(Reason.BAD_LAST_WILL, "lwt_value", f"at most {MAX_VALUE_BYTES} bytes")
    return LastWill(topic, comparable)


def _comparable(text: str) -> str:
    """JSON that is the same for all that is to be taken for the same; of itself, too, so that it can be kept."""
    text = text.strip()
    try:
        value: Any = json.loads(text)
        while isinstance(value, dict) and set(value) == {"value"}:
            value = value["value"]
        return _encode(_WORDS.get(value.lower(), value) if isinstance(value, str) else value)
    except (ValueError, RecursionError):
        return _encode(_WORDS.get(text.lower(), text))


def _encode(value: object) -> str:
    # Python reads NaN and 1e999 as numbers, but no JSON can hold those: they are words here, like any other.
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


@dataclass(slots=True)
class _Watched:
    first_epoch: int
    wills: dict[str, LastWill] = field(default_factory=dict)
    seen: bytes | None = None


class LastWills:
    """Which topic stands for which devices: several devices may share one, and it survives reconnects.

    Retained messages need care. Right after a subscription the broker repeats what was last retained on the topic,
    however old. A retained "offline" that was there when the device registered is older than the registration and
    must not end it; one that appears after a reconnect and was not known before is news, and does. So a retained
    payload counts unless the topic was first subscribed on this connection or the payload is the last one known.
    """

    def __init__(self) -> None:
        self._topics: dict[str, _Watched] = {}
        self._by_client: dict[str, str] = {}
        self._epoch = 0

    @property
    def topics(self) -> tuple[str, ...]:
        """All topics to be subscribed on a new connection."""
        return tuple(self._topics)

    def owners(self, topic: str) -> Collection[str]:
        """The client ids of the devices whose last will comes by this topic."""
        return watched.wills.keys() if (watched := self._topics.get(topic)) else ()

    def reconnected(self) -> None:
        """The broker connection is new: the broker will repeat what is retained."""
        self._epoch += 1

    def arm(self, client_id: str, will: LastWill | None, *, from_memory: bool = False) -> tuple[list[str], list[str]]:
        """Replace the last will of a device; returns the topics to subscribe and those to unsubscribe.

        `from_memory`: the device is restored, and the next connection is the first on which the topic is subscribed.
        """
        if will is not None and self._by_client.get(client_id) == will.topic:
            self._topics[will.topic].wills[client_id] = will
            return [], []
        unsubscribe = self._disarm(client_id)
        if will is None:
            return [], unsubscribe
        subscribe = [] if will.topic in self._topics else [will.topic]
        watched = self._topics.setdefault(will.topic, _Watched(self._epoch + from_memory))
        watched.wills[client_id] = will
        self._by_client[client_id] = will.topic
        return subscribe, unsubscribe

    def receive(self, topic: str, payload: bytes, *, retained: bool) -> list[str]:
        """The client ids that this message declares gone."""
        watched = self._topics.get(topic)
        if watched is None or len(payload) > MAX_VALUE_BYTES:
            return []
        is_old = retained and (watched.first_epoch == self._epoch or watched.seen == payload)
        watched.seen = payload
        if is_old:
            return []
        return [client_id for client_id, will in watched.wills.items() if will.matches(payload)]

    def _disarm(self, client_id: str) -> list[str]:
        topic = self._by_client.pop(client_id, None)
        if topic is None:
            return []
        wills = self._topics[topic].wills
        del wills[client_id]
        if wills:
            return []
        del self._topics[topic]
        return [topic]


class WillBook:
    """The last wills on all brokers.

    Args:
        shared: topics that stay subscribed, whoever leaves: mapping rules need them.
    """

    def __init__(self, shared: Iterable[str] = ()) -> None:
        self._shared = frozenset(shared)
        self._brokers: dict[str, LastWills] = {}

    def at(self, broker: str) -> LastWills:
        """Those on one broker."""
        return self._brokers.setdefault(broker, LastWills())

    def arm(self, broker: str, client_id: str, will: LastWill | None) -> list[Effect]:
        """Replace the last will of a device; returns what is to be subscribed and unsubscribed."""
        subscribe, unsubscribe = self.at(broker).arm(client_id, will)
        effects: list[Effect] = [Unsubscribe(topic, broker) for topic in unsubscribe if topic not in self._shared]
        return effects + [Subscribe(topic, broker) for topic in subscribe]
