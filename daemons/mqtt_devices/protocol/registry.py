"""Messages in, effects out: the registration protocol of all devices.

Two laws: the registry alone decides, the shell only obeys; and no input of any kind raises anything but a use of it
that is wrong by the shell (ValueError), never by a device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.admission import check_client
from mqtt_devices.protocol.answers import announce
from mqtt_devices.protocol.complaints import SHOWN, Complaints
from mqtt_devices.protocol.device_table import DeviceTable
from mqtt_devices.protocol.direct import change_registration, parse_direct, parse_direct_value
from mqtt_devices.protocol.effects import Effect, Expire, Note, Publish, ServiceKey, Subscribe, Unsubscribe
from mqtt_devices.protocol.finding import find_sender, find_service
from mqtt_devices.protocol.lwt import LastWills
from mqtt_devices.protocol.names import (
    DEVICE,
    PROXY,
    RESERVED,
    SET,
    STATUS,
)
from mqtt_devices.protocol.proxy import ProxyWrite, check_values, parse_proxy
from mqtt_devices.protocol.reply import encode_value
from mqtt_devices.protocol.staleness import OnTimeout
from mqtt_devices.protocol.status import Departure, Registration, check_service_id, parse_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mqtt_devices.protocol.admission import Policy
    from mqtt_devices.protocol.device import Device
    from mqtt_devices.protocol.effects import Outcome
    from mqtt_devices.protocol.inbox import Message
    from mqtt_devices.protocol.service_types import ServiceType, Value

# device, client id, service id or Status ...
_LEVELS = 3


class Registry:
    """The registration protocol of all devices.

    Args:
        types: service types on offer, by name.
        policy: the operator's decisions.
    """

    def __init__(self, types: Mapping[str, ServiceType], policy: Policy) -> None:
        self._policy = policy
        self._complaints = Complaints()
        self._table = DeviceTable(types, policy, self._complaints)
        self._last_wills: dict[str, LastWills] = {}
        self._connected: set[str] = set()
        self.rejected = 0

    @property
    def types(self) -> Mapping[str, ServiceType]:
        """Service types on offer, by name."""
        return self._table.types

    @property
    def devices(self) -> Mapping[str, Device]:
        """All devices by client id; to be looked at only."""
        return self._table.devices

    @property
    def deadline(self) -> float | None:
        """When tick() is due."""
        return self._table.deadline

    def is_stale(self, key: ServiceKey) -> bool:
        """Whether a service's values are too old, or from before a restart."""
        device = self.devices.get(key.client_id)
        return self._table.freshness.is_stale(key) or (device is not None and key.service_id in device.unheard)

    # --- what the shell reports ---------------------------------------------------------------------------------------

    def restore(self, records: Iterable[object]) -> list[Effect]:
        """What remembered() returned before a restart; before anything else."""
        effects = self._table.restore(records)
        for device in self.devices.values():
            if device.wanted is not None:
                self._wills(device.broker).arm(device.client_id, device.wanted.last_will, from_memory=True)
        return effects

    def remembered(self) -> list[Any]:
        """What is to be restored after a restart, as JSON values."""
        return self._table.remember()

    def start(self, portal_id: str) -> list[Effect]:
        """D-Bus and settings are there, and this is the portal id; also when the portal id turns out to be another."""
        if portal_id == self._table.portal_id:
            return []
        effects = self._table.start(portal_id)
        for broker in sorted(self._connected):
            effects += announce(portal_id, broker)
        return effects

    def reconnect(self, broker: str = "") -> list[Effect]:
        """The connection to a broker is new, nothing is subscribed on it yet."""
        self._connected.add(broker)
        self._wills(broker).reconnected()
        effects: list[Effect] = [Subscribe(topic, broker) for topic in self._wills(broker).topics]
        return effects + (announce(self._table.portal_id, broker) if self._table.portal_id else [])

    def receive(self, message: Message, now: float) -> list[Effect]:
        """A message from a broker."""
        effects: list[Effect] = []
        levels = message.topic.split("/", _LEVELS)
        wills = self._wills(message.broker)
        if len(levels) >= _LEVELS and levels[0] == DEVICE and not wills.is_plain_will(message.topic):
            try:
                effects += self._receive_from_device(levels, message, now)
            except Rejected as problem:
                self.rejected += 1
                effects += self._complain(levels[1], message, problem, now)
        for client_id in wills.receive(message.topic, message.payload, retained=message.retained):
            effects.append(Note(f"Last will of {client_id} on {message.topic!a}"))
            effects += self._expire_all(client_id) if self._policy.last_will_keeps else self._leave(client_id)
        return effects

    def heard(self, key: ServiceKey, now: float) -> list[Effect]:
        """A value of a device came over D-Bus, from the gateway."""
        return self._table.hear(key, now)

    def applied(self, outcome: Outcome, now: float) -> list[Effect]:
        """A plan has been carried out."""
        return self._table.applied(outcome, now)

    def lost(self, key: ServiceKey) -> list[Effect]:
        """A service left D-Bus by itself; it is opened again."""
        return self._table.lost(key)

    def tick(self, now: float) -> list[Effect]:
        """Time has passed."""
        return self._table.tick(now)

    # --- messages -----------------------------------------------------------------------------------------------------

    def _receive_from_device(self, levels: list[str], message: Message, now: float) -> list[Effect]:
        level, last = levels[1], levels[2]
        if len(levels) > _LEVELS:
            return self._receive_value(level, last, levels[3], message, now)
        if last == STATUS:
            return self._receive_status(level, message, now)
        if last == PROXY:
            return self._receive_proxy(level, message, now)
        if last in RESERVED:
            # What this daemon says itself comes back to it.
            return []
        return self._receive_direct(level, last, message, now)

    def _receive_status(self, level: str, message: Message, now: float) -> list[Effect]:
        if not message.payload:
            # Clearing a retained Status means: forget this device.
            client_id = find_sender(self.devices, level)
            check_client(client_id, None, self._policy)
            return self._leave(client_id)
        status = parse_status(message.payload, self.types)
        check_client(status.client_id, status.secret, self._policy)
        shown = "(with secret)" if status.secret else message.payload[:SHOWN].decode("utf-8", "replace")
        effects: list[Effect] = [Note(f"Received device status message on {message.topic[:SHOWN]!a}: {shown!a}")]
        if isinstance(status, Departure):
            if status.client_id not in self.devices:
                effects.append(Note(f"Device {status.client_id} is not registered", is_warning=True))
            return effects + self._leave(status.client_id)
        return effects + self._admit(level, status, message, now)

    def _admit(self, level: str, status: Registration, message: Message, now: float) -> list[Effect]:
        former = self.devices.get(status.client_id)
        former_broker = former.broker if former else message.broker
        _, effects = self._table.admit(level, status, now, broker=message.broker)
        if former_broker != message.broker:
            effects += self._arm(former_broker, status.client_id, None)
        effects += self._arm(message.broker, status.client_id, status)
        if status.complaint:
            effects += self._complain(level, message, status.complaint, now, accepted=True)
        return effects

    def _receive_proxy(self, level: str, message: Message, now: float) -> list[Effect]:
        proxy = parse_proxy(message.payload)
        is_ours = proxy.portal_id == self._table.portal_id
        device, service_id = find_service(self.devices, level, proxy, owner_only=self._policy.proxy_checks_owner)
        if device is None or not is_ours:
            if self._policy.proxy_checks_owner:
                rule = "the W topic of a service that this device has registered, as given in its DBus reply"
                raise Rejected(Reason.NOT_YOURS, "topicPath", rule)
            # Only with the ownership check switched off: a service of any driver, through the gateway.
            return _publish_values(proxy, proxy.values, message.broker)
        check_client(device.client_id, proxy.secret, self._policy)
        values = check_values(proxy.values, self.types[proxy.service_type])
        if message.retained:
            # May be from yesterday, and a grid meter of yesterday must not steer anything.
            return []
        if self._policy.proxy_publishes:
            return _publish_values(proxy, values, message.broker)
        return self._table.write(device, service_id, values, now)

    def _receive_direct(self, client_id: str, service_id: str, message: Message, now: float) -> list[Effect]:
        device = self.devices.get(client_id)
        kind = device.wanted.services.get(service_id) if device and device.wanted else None
        if not message.payload and kind is None:
            return []
        check_service_id(service_id, "topic")
        direct = parse_direct(message.payload, self.types)
        check_client(client_id, direct.secret, self._policy)
        if direct.type is None and kind is None and not direct.is_leaving:
            rule = f"a registered service, or the field type in this message: no service {service_id} of {client_id}"
            raise Rejected(Reason.UNKNOWN_SERVICE, "type", rule)
        values = check_values(direct.values, self.types[direct.type or kind or ""], "") if direct.values else {}
        status = change_registration(device.wanted if device else None, client_id, service_id, direct)
        effects: list[Effect] = []
        if status is not None and not status.services:
            effects += self._leave(client_id)
        elif status is not None:
            effects.append(Note(f"Received registration on {message.topic[:SHOWN]!a}"))
            effects += self._admit(client_id, status, message, now)
        # What is retained may be from yesterday: it says who the device is, not how warm it is.
        if values and not message.retained:
            effects += self._table.write(self.devices[client_id], service_id, values, now)
        return effects

    def _receive_value(self, client_id: str, service_id: str, path: str, message: Message, now: float) -> list[Effect]:
        if service_id in RESERVED or path.startswith(f"{SET}/") or message.retained:
            return []
        device = self.devices.get(client_id)
        if device is None or device.wanted is None or service_id not in device.wanted.services:
            raise Rejected(Reason.UNKNOWN_SERVICE, "topic", f"no service {service_id[:SHOWN]} of {client_id[:SHOWN]}")
        direct = parse_direct_value(path, message.payload)
        check_client(client_id, direct.secret, self._policy)
        values = check_values(direct.values, self.types[device.wanted.services[service_id]], "")
        return self._table.write(device, service_id, values, now)

    # --- the rest -----------------------------------------------------------------------------------------------------

    def _leave(self, client_id: str) -> list[Effect]:
        device = self.devices.get(client_id)
        return self._arm(device.broker if device else "", client_id, None) + self._table.leave(client_id)

    def _arm(self, broker: str, client_id: str, status: Registration | None) -> list[Effect]:
        subscribe, unsubscribe = self._wills(broker).arm(client_id, status.last_will if status else None)
        effects: list[Effect] = [Unsubscribe(topic, broker) for topic in unsubscribe]
        return effects + [Subscribe(topic, broker) for topic in subscribe]

    def _expire_all(self, client_id: str) -> list[Effect]:
        return [Expire(ServiceKey(client_id, name), OnTimeout.INVALID) for name in self.devices[client_id].opened]

    def _wills(self, broker: str) -> LastWills:
        return self._last_wills.setdefault(broker, LastWills())

    def _complain(
        self, level: str, message: Message, problem: Rejected, now: float, *, accepted: bool = False
    ) -> list[Effect]:
        return self._complaints.complain(level, message.topic, problem, now, broker=message.broker, accepted=accepted)


def _publish_values(proxy: ProxyWrite, values: Mapping[str, Value], broker: str) -> list[Effect]:
    return [Publish(f"{proxy.topic_path}/{path}", encode_value(value), broker) for path, value in values.items()]
