"""Names that existing installations hang on: bus names, settings paths and MQTT topics. Byte-identical for ever.

Custom names, VRM device instances and the history in VRM are found by these; see docs/mqtt-devices.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Used both as an element of a D-Bus name and as a segment of a settings path, which allow only these characters.
_ID = re.compile(r"[A-Za-z0-9_]+")
# com.victronenergy.<type>.mqtt_<client>_<service> has to fit into the 255 bytes of a D-Bus name, with the longest
# service type in use (14 characters) and room to spare.
MAX_ID = 90

DEVICE = "device"
STATUS = "Status"
PROXY = "Proxy"
SET = "Set"
RESULT = "Result"
# One subscription for all that devices say: overlapping ones would bring some messages twice.
SUBSCRIPTIONS = (f"{DEVICE}/+/#",)
# Third level of the topics of the registration protocol; no service can be called so.
RESERVED = frozenset({STATUS, "DBus", PROXY, "Error", SET, "DeviceInstance"})

STATE_TOPIC = "venus-daemons/mqtt-devices/state"
ANNOUNCEMENT_TOPIC = "venus-daemons/mqtt-devices/announcement"

# Longest topic level that is answered. Levels of honest devices are client ids; others only fill memory.
MAX_LEVEL = 128

# Bytes of topics in one SUBSCRIBE, so that the packet stays small however many and long last wills there are: brokers
# may be told to hang up on whoever sends large ones.
SUBSCRIBE_BYTES = 4096


def is_id(text: object) -> bool:
    """Whether `text` may be a client id, or is made like a service id."""
    return isinstance(text, str) and len(text) <= MAX_ID and _ID.fullmatch(text) is not None


def is_service_id(text: object) -> bool:
    """Whether `text` may be a service id."""
    return is_id(text) and text not in RESERVED


def unique_id(client_id: str, service_id: str) -> str:
    """The part of all names that is the service's own.

    Two pairs can share it: ("a_b", "c") and ("a", "b_c"). The registry refuses the second.
    """
    return f"mqtt_{client_id}_{service_id}"


def bus_name(service_type: str, client_id: str, service_id: str) -> str:
    """The D-Bus name of one service of a device."""
    return f"com.victronenergy.{service_type}.{unique_id(client_id, service_id)}"


def setting_path(client_id: str, service_id: str, path: str) -> str:
    """Where localsettings keeps a persisted path (`path` without leading slash)."""
    return f"/Settings/MqttDevices/{unique_id(client_id, service_id)}/{path}"


def reply_topic(client_id: str) -> str:
    """The topic that answers an accepted Status."""
    return f"{DEVICE}/{client_id}/DBus"


def instance_topic(client_id: str) -> str:
    """The deprecated topic that carries the device instances alone."""
    return f"{DEVICE}/{client_id}/DeviceInstance"


def error_topic(level: str) -> str | None:
    """The topic that answers a rejected message, None for a level that is too long to answer."""
    return f"{DEVICE}/{level}/Error" if len(level) <= MAX_LEVEL else None


def set_topic(client_id: str, service_id: str, path: str) -> str:
    """The topic that tells a device what the user has set."""
    return f"{DEVICE}/{client_id}/{service_id}/{SET}/{path}"


def gateway_topic(operation: str, portal_id: str, service_type: str, instance: int) -> str:
    """The MQTT gateway's topic of a service; `operation` is N, R or W. No trailing slash."""
    return f"{operation}/{portal_id}/{service_type}/{instance}"


def split_topics(topics: Iterable[str]) -> Iterator[list[str]]:
    """The topics of one SUBSCRIBE after the other; one that is longer than SUBSCRIBE_BYTES goes alone."""
    part: list[str] = []
    size = 0
    for topic in topics:
        size += len(topic.encode())
        if part and size > SUBSCRIBE_BYTES:
            yield part
            part, size = [], len(topic.encode())
        part.append(topic)
    if part:
        yield part
