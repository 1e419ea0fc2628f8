"""What the daemon tells devices: the DBus reply, the deprecated DeviceInstance reply, and Error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mqtt_devices.errors import MAX_FIELD, MAX_RULE, Rejected, shorten
from mqtt_devices.protocol.names import gateway_topic

if TYPE_CHECKING:
    from collections.abc import Mapping


def encode_reply(portal_id: str, services: Mapping[str, tuple[str, int]]) -> str:
    """The reply to a registration; `services`: service id to (type, device instance).

    Keys are only ever added. Instances are numbers: as text they made the gateway put all devices on instance 0.
    """
    return json.dumps(
        {
            "portalId": portal_id,
            "deviceInstance": {service_id: instance for service_id, (_, instance) in services.items()},
            "topicPath": {
                service_id: {letter: gateway_topic(letter, portal_id, *service) for letter in ("N", "R", "W")}
                for service_id, service in services.items()
            },
        }
    )


def encode_instances(services: Mapping[str, tuple[str, int]]) -> str:
    """The payload of the deprecated DeviceInstance topic: service id to device instance."""
    return json.dumps({service_id: instance for service_id, (_, instance) in services.items()})


def encode_value(value: object) -> str:
    """The payload of a W topic of the gateway."""
    return json.dumps({"value": value})


def encode_error(topic: str, problem: Rejected, *, accepted: bool = False) -> str:
    """Why a message was rejected, or which part of an accepted one was left out; of topics what fits.

    At most 20 KB, at twelve bytes for each character: brokers may be told to hang up on who sends large packets.
    """
    topic = shorten(topic, MAX_FIELD)
    return json.dumps(
        {
            "reason": problem.reason.value,
            "topic": topic,
            "field": problem.field,
            "rule": problem.rule,
            "text": shorten(f"{topic}: {problem}", MAX_RULE),
            "accepted": accepted,
        }
    )


def encode_state(portal_id: str | None, *, is_online: bool) -> str:
    """The payload of the daemon's own state topic."""
    return json.dumps({"state": "online" if is_online else "offline", "portalId": portal_id})


def encode_announcement(portal_id: str) -> str:
    """The payload that asks devices to register (again)."""
    return json.dumps({"request": "register", "portalId": portal_id})
