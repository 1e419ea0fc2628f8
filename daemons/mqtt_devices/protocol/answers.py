"""What devices are told when something has worked: after a plan, and on a new connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.complaints import SHOWN
from mqtt_devices.protocol.effects import Effect, Note, Publish
from mqtt_devices.protocol.names import ANNOUNCEMENT_TOPIC, STATE_TOPIC, instance_topic, reply_topic
from mqtt_devices.protocol.reply import encode_announcement, encode_instances, encode_reply, encode_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.protocol.device import Device


def answer(device: Device, portal_id: str, *, sends_instances: bool) -> list[Effect]:
    """The answer to a registration, if one is due; marks it as given."""
    if not device.is_reply_due or device.wanted is None:
        return []
    device.is_reply_due = False
    services = {
        name: (device.opened[name].service_type, device.opened[name].instance)
        for name in device.wanted.services
        if name in device.opened
    }
    reply = Publish(reply_topic(device.client_id), encode_reply(portal_id, services), device.broker)
    text = f"publish {reply.payload[:SHOWN]} to {reply.topic}"
    effects: list[Effect] = [reply, Note(text, is_routine=device.repeats_itself)]
    if sends_instances:
        effects.append(Publish(instance_topic(device.client_id), encode_instances(services), device.broker))
    return effects


def announce(portal_id: str, broker: str) -> list[Effect]:
    """What is said on a new connection to a broker: this daemon is here, and devices may register again."""
    return [
        Publish(STATE_TOPIC, encode_state(portal_id, is_online=True), broker, retain=True),
        Publish(ANNOUNCEMENT_TOPIC, encode_announcement(portal_id), broker),
    ]


def sum_up(problems: Mapping[str, Rejected]) -> Rejected:
    """One complaint for all services that failed: a device is told one thing a second."""
    service_id, problem = next(iter(problems.items()))
    others = sorted(set(problems) - {service_id})
    rule = f"{problem.rule}; failed as well: {', '.join(others)}" if others else problem.rule
    return Rejected(problem.reason, f"services.{service_id}", rule)
