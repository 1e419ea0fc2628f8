"""The messages between a device and mqtt-devices, seen from the device. Pure.

Status tells who is there and with which services; the answer on device/<client id>/DBus says where their values go;
Proxy carries many values in one message.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.mqtt.model import Values

LAST_WILL: Final = "offline"
VERSION: Final = "1.0"


class BadReplyError(ValueError):
    """An answer without topic paths; the text says what is wrong."""


def topic(client_id: str, name: str) -> str:
    """The topic of a device's own message."""
    return f"device/{client_id}/{name}"


def encode_status(client_id: str, services: Mapping[str, str], *, connected: bool) -> str:
    """Register with services (id: type), or say goodbye."""
    status = {
        "clientId": client_id,
        "connected": int(connected),
        "version": VERSION,
        "services": dict(services) if connected else {},
        "lwt_topic": topic(client_id, "LWT"),
        "lwt_value": LAST_WILL,
    }
    return json.dumps(status)


def parse_reply(payload: bytes) -> dict[str, str]:
    """The write path of each service id. Raises BadReplyError."""
    try:
        paths = json.loads(payload)["topicPath"]
        return {str(service_id): str(letters["W"]) for service_id, letters in paths.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadReplyError(f"{type(error).__name__}: {error}") from error


def is_forgotten(error: bytes) -> bool:
    """Whether an Error says that our services are not registered (any more): mqtt-devices was restarted, say."""
    try:
        return bool(json.loads(error)["reason"] == "not_yours")
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def encode_proxy(write_path: str, values: Values) -> str:
    """Values for one service."""
    return json.dumps({"topicPath": write_path, "values": dict(values)})
