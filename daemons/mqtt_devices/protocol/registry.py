"""Messages in, effects out: the registration protocol of all devices.

Two laws: the registry alone decides, the shell only obeys; and no input of any kind raises anything but a use of it
that is wrong by the shell (ValueError), never by a device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.answers import announce
from mqtt_devices.protocol.changes import Changes
from mqtt_devices.protocol.complaints import Complaints
from mqtt_devices.protocol.device_table import DeviceTable
from mqtt_devices.protocol.effects import Effect, Expire, Note, ServiceKey, Subscribe
from mqtt_devices.protocol.lwt import WillBook
from mqtt_devices.protocol.mapping import Mapper
from mqtt_devices.protocol.names import DEVICE, RESERVED
from mqtt_devices.protocol.receiving import LEVELS, Receiver
from mqtt_devices.protocol.staleness import OnTimeout

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mqtt_devices.protocol.admission import Policy
    from mqtt_devices.protocol.device import Device
    from mqtt_devices.protocol.effects import Outcome
    from mqtt_devices.protocol.inbox import Message
    from mqtt_devices.protocol.service_types import PathRule, ServiceType, Value


class Registry:
    """The registration protocol of all devices.

    Args:
        types: service types on offer, by name.
        policy: the operator's decisions.
        mapper: rules for devices that cannot be programmed.
    """

    def __init__(self, types: Mapping[str, ServiceType], policy: Policy, mapper: Mapper | None = None) -> None:
        self._mapper = mapper or Mapper()
        self._policy = policy
        self._complaints = Complaints()
        self._table = DeviceTable(types, policy, self._complaints)
        self._changes = Changes()
        self._wills = WillBook(self._mapper.topics)
        self._receiver = Receiver(
            self._table, changes=self._changes, wills=self._wills, complaints=self._complaints, policy=policy
        )
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

    @property
    def pending_changes(self) -> Mapping[tuple[ServiceKey, str], Value]:
        """What users have set and the device has not answered, by service and path."""
        return self._changes.pending

    def is_told_again(self, key: ServiceKey, rule: PathRule, now: float) -> bool:
        """Whether a device is to hear of a write of the value that a path has already."""
        return self._changes.is_told_again(key, rule, now)

    def is_awaited(self, key: ServiceKey, rule: PathRule) -> bool:
        """Whether the device may answer to a change of this path."""
        return self._changes.is_awaited(key, rule)

    def is_stale(self, key: ServiceKey) -> bool:
        """Whether a service's values are too old, or from before a restart."""
        device = self.devices.get(key.client_id)
        return self._table.freshness.is_stale(key) or (device is not None and key.service_id in device.unheard)

    # --- what the shell reports ---------------------------------------------------------------------------------------

    def restore(self, records: Iterable[object]) -> list[Effect]:
        """What remembered() returned before a restart; before anything else."""
        effects = self._table.restore(records, self._mapper.makes)
        for device in self.devices.values():
            if device.wanted is not None:
                self._wills.at(device.broker).arm(device.client_id, device.wanted.last_will, from_memory=True)
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
        self._wills.at(broker).reconnected()
        topics = dict.fromkeys((*self._mapper.topics, *self._wills.at(broker).topics))
        effects: list[Effect] = [Subscribe(topic, broker) for topic in topics]
        return effects + (announce(self._table.portal_id, broker) if self._table.portal_id else [])

    def receive(self, message: Message, now: float) -> list[Effect]:
        """A message from a broker."""
        effects: list[Effect] = []
        levels = message.topic.split("/", LEVELS)
        wills = self._wills.at(message.broker)
        if len(levels) >= LEVELS and levels[0] == DEVICE:
            try:
                effects += self._receiver.receive(levels, message, now)
            except Rejected as problem:
                if not self._is_only_will(levels, wills.owners(message.topic)):
                    self.rejected += 1
                    effects += self._complaints.complain(levels[1], message.topic, problem, now, broker=message.broker)
        for mapped in self._mapper.read(message):
            try:
                effects += self._receiver.receive_mapped(mapped, message, now)
            except Rejected as problem:
                self.rejected += 1
                effects += self._complaints.complain(
                    mapped.client_id, message.topic, problem, now, broker=message.broker
                )
        for client_id in wills.receive(message.topic, message.payload, retained=message.retained):
            effects.append(Note(f"Last will of {client_id} on {message.topic!a}"))
            effects += self._expire_all(client_id) if self._policy.last_will_keeps else self._receiver.leave(client_id)
        return effects

    def heard(self, key: ServiceKey, now: float) -> list[Effect]:
        """A value of a device came over D-Bus, from the gateway."""
        return self._table.hear(key, now)

    def change(self, key: ServiceKey, rule: PathRule, value: Value, now: float) -> list[Effect]:
        """The user sets a value: tell the device, whose Answer is awaited for a while; then unanswered()."""
        device = self.devices.get(key.client_id)
        return self._changes.ask(key, rule, value, device.broker, now) if device else []

    def unanswered(self, key: ServiceKey, rule: PathRule) -> None:
        """The device has not answered in time."""
        self._changes.no_answer(key, rule)

    def applied(self, outcome: Outcome, now: float) -> list[Effect]:
        """A plan has been carried out."""
        return self._table.applied(outcome, now)

    def lost(self, key: ServiceKey, now: float) -> None:
        """A service left D-Bus by itself; it is opened again by a later tick()."""
        self._table.lost(key, now)

    def tick(self, now: float) -> list[Effect]:
        """Time has passed."""
        return self._table.tick(now)

    def _is_only_will(self, levels: list[str], owners: Collection[str]) -> bool:
        """Whether a message on device/... that cannot be acted on needs none: the topic is one of last wills.

        Whatever topic a device names, messages of others there are read as ever, and answered.
        """
        level, last = levels[1], levels[2]
        if not owners or (len(levels) == LEVELS and last in RESERVED):
            return False
        device = self.devices.get(level)
        is_service = device is not None and device.wanted is not None and last in device.wanted.services
        return level in owners or not is_service

    def _expire_all(self, client_id: str) -> list[Effect]:
        return [Expire(ServiceKey(client_id, name), OnTimeout.INVALID) for name in self.devices[client_id].opened]
