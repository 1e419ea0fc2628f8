"""All devices and their services. Everything that moves this state is in this file.

Two laws: the registry alone decides, the shell only obeys; and no input of any kind raises anything but a use of it
that is wrong by the shell (ValueError), never by a device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqtt_devices.errors import TRANSIENT, Reason, Rejected
from mqtt_devices.protocol.admission import check_room
from mqtt_devices.protocol.device import FIRST_RETRY_S, Device
from mqtt_devices.protocol.effects import Effect, Note, Outcome, Publish, ServiceKey, Subscribe, Unsubscribe, Write
from mqtt_devices.protocol.lwt import LastWills
from mqtt_devices.protocol.names import (
    DEVICE,
    PROXY,
    STATUS,
    bus_name,
    error_topic,
    instance_topic,
    reply_topic,
)
from mqtt_devices.protocol.proxy import ProxyWrite, check_values, parse_proxy
from mqtt_devices.protocol.rates import LevelLimiter, LogPace
from mqtt_devices.protocol.reply import encode_error, encode_instances, encode_reply, encode_value
from mqtt_devices.protocol.status import Departure, Registration, parse_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqtt_devices.protocol.admission import Policy
    from mqtt_devices.protocol.inbox import Message
    from mqtt_devices.protocol.service_types import ServiceType, Value

# device, level, Status or Proxy
_LEVELS = 3
# Log lines show this much of a payload: a registration of eight services fits.
_SHOWN = 400


class Registry:
    """The registration protocol of all devices.

    Args:
        types: service types on offer, by name.
        policy: the operator's decisions.
    """

    def __init__(self, types: Mapping[str, ServiceType], policy: Policy) -> None:
        self._types = types
        self._policy = policy
        self._devices: dict[str, Device] = {}
        self._last_wills = LastWills()
        self._limiter = LevelLimiter()
        self._log_pace = LogPace()
        self._portal_id: str | None = None
        self._handlers: dict[str, Callable[[str, Message, float], list[Effect]]] = {
            STATUS: self._receive_status,
            PROXY: self._receive_proxy,
        }
        self.rejected = 0

    @property
    def types(self) -> Mapping[str, ServiceType]:
        """Service types on offer, by name."""
        return self._types

    @property
    def devices(self) -> Mapping[str, Device]:
        """All devices by client id; to be looked at only."""
        return self._devices

    @property
    def deadline(self) -> float | None:
        """When tick() is due."""
        return min((device.retry_at for device in self._devices.values() if device.retry_at is not None), default=None)

    # --- what the shell reports ---------------------------------------------------------------------------------------

    def start(self, portal_id: str) -> list[Effect]:
        """D-Bus and settings are there, and this is the portal id; also when the portal id turns out to be another."""
        if portal_id == self._portal_id:
            return []
        self._portal_id = portal_id
        effects: list[Effect] = []
        for device in list(self._devices.values()):
            device.is_reply_due = True
            effects += self._advance(device)
        return effects

    def reconnect(self) -> list[Effect]:
        """The connection to the broker is new, nothing is subscribed on it yet."""
        self._last_wills.reconnected()
        return [Subscribe(topic) for topic in self._last_wills.topics]

    def receive(self, message: Message, now: float) -> list[Effect]:
        """A message from the broker."""
        effects: list[Effect] = []
        levels = message.topic.split("/")
        if len(levels) == _LEVELS and levels[0] == DEVICE and levels[2] in self._handlers:
            try:
                effects += self._handlers[levels[2]](levels[1], message, now)
            except Rejected as problem:
                self.rejected += 1
                effects += self._complain(levels[1], message.topic, problem, now)
        for client_id in self._last_wills.receive(message.topic, message.payload, retained=message.retained):
            effects.append(Note(f"Last will of {client_id} on {message.topic!a}"))
            effects += self._leave(client_id)
        return effects

    def applied(self, outcome: Outcome, now: float) -> list[Effect]:
        """A plan has been carried out."""
        device = self._devices[outcome.client_id]
        device.finish_plan(dict(outcome.opened), set(outcome.failed))
        effects: list[Effect] = []
        for service_id, instance in outcome.opened.items():
            name = bus_name(device.opened[service_id].service_type, device.client_id, service_id)
            effects.append(Note(f"Registered Service {name} under DeviceInstance {instance}"))
        problems = {name: problem for name, problem in outcome.failed.items() if name in device.failed}
        if problems:
            effects += self._complain(device.level, f"{DEVICE}/{device.level}/{STATUS}", _sum_up(problems), now)
        if any(problem.reason in TRANSIENT for problem in problems.values()):
            device.plan_retry(now)
        elif not device.failed:
            device.retry_s = FIRST_RETRY_S
        return effects + self._advance(device)

    def lost(self, key: ServiceKey) -> list[Effect]:
        """A service left D-Bus by itself; it is opened again."""
        device = self._devices.get(key.client_id)
        if device is None or device.opened.pop(key.service_id, None) is None:
            return []
        note = Note(f"{key.client_id}: service {key.service_id} lost its D-Bus connection", is_warning=True)
        return [note, *self._advance(device)]

    def tick(self, now: float) -> list[Effect]:
        """Time has passed: retry what is due."""
        effects: list[Effect] = []
        for device in list(self._devices.values()):
            if device.retry_at is not None and device.retry_at <= now:
                device.retry_at = None
                device.failed.clear()
                device.is_reply_due = True
                effects += self._advance(device)
        return effects

    # --- messages -----------------------------------------------------------------------------------------------------

    def _receive_status(self, level: str, message: Message, now: float) -> list[Effect]:
        if not message.payload:
            # Clearing a retained Status means: forget this device.
            return self._leave(level)
        status = parse_status(message.payload, self._types)
        shown = message.payload[:_SHOWN].decode("utf-8", "replace")
        effects: list[Effect] = [Note(f"Received device status message on {message.topic[:_SHOWN]!a}: {shown!a}")]
        if isinstance(status, Departure):
            if status.client_id not in self._devices:
                effects.append(Note(f"Device {status.client_id} is not registered", is_warning=True))
            return effects + self._leave(status.client_id)
        device = self._admit(level, status)
        subscribe, unsubscribe = self._last_wills.arm(status.client_id, status.last_will)
        effects += [Unsubscribe(topic) for topic in unsubscribe]
        effects += [Subscribe(topic) for topic in subscribe]
        effects += self._advance(device)
        if status.complaint:
            effects += self._complain(level, message.topic, status.complaint, now, accepted=True)
        return effects

    def _admit(self, level: str, status: Registration) -> Device:
        check_room(status, self._devices.values(), self._policy)
        device = self._devices.setdefault(status.client_id, Device(status.client_id, level, status))
        device.level, device.wanted = level, status
        device.is_reply_due = True
        device.failed.clear()
        device.retry_at = None
        return device

    def _receive_proxy(self, level: str, message: Message, _now: float) -> list[Effect]:
        proxy = parse_proxy(message.payload)
        device, service_id = self._find_service(level, proxy)
        if device is None:
            # Only with the ownership check switched off: a service of any driver, through the gateway.
            return _publish_values(proxy, proxy.values)
        values = check_values(proxy, self._types[proxy.service_type].paths)
        if self._policy.proxy_publishes:
            return _publish_values(proxy, values)
        return [Write(ServiceKey(device.client_id, service_id), values)]

    def _find_service(self, level: str, proxy: ProxyWrite) -> tuple[Device | None, str]:
        for device in self._devices.values():
            is_sender = level in (device.client_id, device.level)
            for service_id, opened in device.opened.items():
                if (opened.service_type, opened.instance) == (proxy.service_type, proxy.instance):
                    if self._policy.proxy_checks_owner and not is_sender:
                        continue
                    if proxy.portal_id == self._portal_id:
                        return device, service_id
        if self._policy.proxy_checks_owner:
            rule = "the W topic of a service that this device has registered, as given in its DBus reply"
            raise Rejected(Reason.NOT_YOURS, "topicPath", rule)
        return None, ""

    # --- the state of a device ----------------------------------------------------------------------------------------

    def _leave(self, client_id: str) -> list[Effect]:
        device = self._devices.get(client_id)
        if device is None:
            return []
        device.wanted = None
        device.retry_at = None
        _, unsubscribe = self._last_wills.arm(client_id, None)
        return [Unsubscribe(topic) for topic in unsubscribe] + self._advance(device)

    def _advance(self, device: Device) -> list[Effect]:
        """Start the next plan of a device, or finish with it."""
        if device.plan or self._portal_id is None:
            return []
        device.plan = device.make_plan()
        if device.plan:
            return [device.plan]
        if device.wanted is None:
            del self._devices[device.client_id]
            return [Note(f"Unregistered device {device.client_id}")]
        return self._reply(device)

    def _reply(self, device: Device) -> list[Effect]:
        if not device.is_reply_due or device.wanted is None or self._portal_id is None:
            return []
        device.is_reply_due = False
        services = {
            name: (device.opened[name].service_type, device.opened[name].instance)
            for name in device.wanted.services
            if name in device.opened
        }
        reply = Publish(reply_topic(device.client_id), encode_reply(self._portal_id, services))
        effects: list[Effect] = [reply, Note(f"publish {reply.payload[:_SHOWN]} to {reply.topic}")]
        if self._policy.sends_device_instance:
            effects.append(Publish(instance_topic(device.client_id), encode_instances(services)))
        return effects

    def _complain(
        self, level: str, topic: str, problem: Rejected, now: float, *, accepted: bool = False
    ) -> list[Effect]:
        effects: list[Effect] = []
        if count := self._log_pace.due((level, problem.reason), now):
            times = f" ({count} times since the last such line)" if count > 1 else ""
            text = f"Rejected {topic[:_SHOWN]!a}: {problem.reason}: {problem}{times}"
            effects.append(Note(text, is_warning=True))
        if not self._limiter.allows(level, now):
            return effects
        target = error_topic(level)
        return [*effects, Publish(target, encode_error(topic, problem, accepted=accepted))] if target else effects


def _sum_up(problems: Mapping[str, Rejected]) -> Rejected:
    """One complaint for all services that failed: a device is told one thing a second."""
    service_id, problem = next(iter(problems.items()))
    others = sorted(set(problems) - {service_id})
    rule = f"{problem.rule}; failed as well: {', '.join(others)}" if others else problem.rule
    return Rejected(problem.reason, f"services.{service_id}", rule)


def _publish_values(proxy: ProxyWrite, values: Mapping[str, Value]) -> list[Effect]:
    return [Publish(f"{proxy.topic_path}/{path}", encode_value(value)) for path, value in values.items()]
