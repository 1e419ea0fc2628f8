"""All devices, and which of their services are to be on D-Bus. What moves that state is in this file and device.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import TRANSIENT
from mqtt_devices.protocol.admission import check_room
from mqtt_devices.protocol.answers import answer, sum_up
from mqtt_devices.protocol.device import FIRST_RETRY_S, Device
from mqtt_devices.protocol.effects import Effect, Expire, Note, Outcome, Remember, ServiceKey, Write
from mqtt_devices.protocol.freshness import Freshness
from mqtt_devices.protocol.names import DEVICE, STATUS, bus_name
from mqtt_devices.protocol.restoring import Restoring
from mqtt_devices.protocol.staleness import OnTimeout, Staleness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mqtt_devices.protocol.admission import Policy
    from mqtt_devices.protocol.complaints import Complaints
    from mqtt_devices.protocol.service_types import ServiceType, Value
    from mqtt_devices.protocol.status import Registration


class DeviceTable:
    """The life of the devices.

    Args:
        types: service types on offer, by name.
        policy: the operator's decisions.
        complaints: how devices are told what went wrong.
    """

    def __init__(self, types: Mapping[str, ServiceType], policy: Policy, complaints: Complaints) -> None:
        self.types = types
        self.devices: dict[str, Device] = {}
        self.portal_id: str | None = None
        self.freshness = Freshness()
        self._policy = policy
        self._complaints = complaints
        self._restoring = Restoring()

    # --- memory -------------------------------------------------------------------------------------------------------

    def restore(self, records: Iterable[object], is_mapped: Callable[[str], bool]) -> list[Effect]:
        """Take over what was remembered, before anything else. Services are opened a few at a time after start()."""
        return self._restoring.load(records, self.types, self._policy, self.devices, is_mapped)

    def remember(self) -> list[Any]:
        """The records of all devices, and of those that could not be restored."""
        return self._restoring.remember(self.devices)

    # --- what happens -------------------------------------------------------------------------------------------------

    def start(self, portal_id: str) -> list[Effect]:
        """D-Bus and settings are there."""
        is_first = self.portal_id is None
        self.portal_id = portal_id
        effects: list[Effect] = []
        for device in list(self.devices.values()):
            # Restored ones have not asked for anything yet.
            device.is_reply_due = device.is_reply_due or not is_first
            effects += self.advance(device)
        return effects

    def admit(
        self, level: str, status: Registration, now: float, *, broker: str = "", is_heard: bool = True
    ) -> list[Effect]:
        """Take over what a device wants, and begin with it.

        `is_heard`: the device says so now; otherwise a broker has kept it, and the device may be long gone.

        Raises:
            Rejected: there is no room.
        """
        check_room(status, self.devices.values(), self._policy)
        self._restoring.shelved.pop(status.client_id, None)
        former = self.devices[status.client_id].wanted if status.client_id in self.devices else None
        device = self.devices.setdefault(status.client_id, Device(status.client_id, level, status, broker=broker))
        device.level, device.wanted, device.broker = level, status, broker
        device.is_reply_due = True
        device.failed.clear()
        device.lost.clear()
        # Restored ones need not wait for their turn; silent ones that are to be away are, until they are heard.
        device.held = set() if is_heard else (device.held - device.unheard) & status.services.keys()
        device.retry_at = None
        for service_id in list(device.pending):
            if former is None or former.services.get(service_id) != status.services.get(service_id):
                del device.pending[service_id]
        effects: list[Effect] = [Remember(), *self._restoring.take_notes()]
        unheard = set() if is_heard else device.unheard | status.new_services(former)
        for service_id in device.opened.keys() & status.services.keys():
            if service_id in unheard:
                continue
            if service_id in device.unheard:
                # From memory until now; the device itself says that it is there.
                effects.append(Write(ServiceKey(device.client_id, service_id), {}))
            elif former is not None and former.staleness.get(service_id) == status.staleness.get(service_id):
                continue
            self._watch(device, service_id, now)
        device.unheard = unheard & status.services.keys()
        return effects + self.advance(device)

    def leave(self, client_id: str) -> list[Effect]:
        """A device goes away, and is forgotten."""
        is_shelved = self._restoring.shelved.pop(client_id, None) is not None
        device = self.devices.get(client_id)
        if device is None:
            return [Remember()] if is_shelved else []
        device.wanted = None
        device.retry_at = None
        device.pending.clear()
        return [Remember(), *self.advance(device)]

    def write(self, device: Device, service_id: str, values: Mapping[str, Value], now: float) -> list[Effect]:
        """Values of a device: set now, or when their service is open."""
        key = ServiceKey(device.client_id, service_id)
        opened = device.opened.get(service_id)
        wanted = device.wanted.services.get(service_id) if device.wanted else None
        is_changing = device.plan is not None and service_id in (*device.plan.close, *device.plan.open)
        # What is open may still be of another type, which has other paths.
        if opened is not None and opened.service_type == wanted and service_id not in device.held and not is_changing:
            return [*self.hear(key, now), Write(key, values)]
        device.pending.setdefault(service_id, {}).update(values)
        device.held.discard(service_id)
        return self.advance(device)

    def hear(self, key: ServiceKey, now: float) -> list[Effect]:
        """A device has sent a value, here or as a W message through the gateway."""
        device = self.devices.get(key.client_id)
        if device is None or key.service_id not in device.opened:
            return []
        if key.service_id in device.unheard:
            device.unheard.discard(key.service_id)
            self._watch(device, key.service_id, now)
        elif self.freshness.touch(key, now):
            return [Note(f"{key.client_id}: service {key.service_id} is heard again")]
        return []

    def applied(self, outcome: Outcome, now: float) -> list[Effect]:
        """A plan has been carried out."""
        device = self.devices[outcome.client_id]
        plan = device.finish_plan(dict(outcome.opened), set(outcome.failed))
        effects: list[Effect] = [Remember()] if outcome.opened else []
        for service_id in plan.close:
            self.freshness.forget(ServiceKey(device.client_id, service_id))
        for service_id, instance in outcome.opened.items():
            name = bus_name(device.opened[service_id].service_type, device.client_id, service_id)
            effects.append(Note(f"Registered Service {name} under DeviceInstance {instance}"))
            if service_id not in device.unheard:
                self._watch(device, service_id, now)
                if service_id in plan.unheard:  # the device has registered meanwhile
                    effects.append(Write(ServiceKey(device.client_id, service_id), {}))
        for service_id in outcome.failed:
            device.pending.pop(service_id, None)
        problems = {name: problem for name, problem in outcome.failed.items() if name in device.failed}
        if problems:
            topic = f"{DEVICE}/{device.level}/{STATUS}"
            effects += self._complaints.complain(device.level, topic, sum_up(problems), now, broker=device.broker)
        if any(problem.reason in TRANSIENT for problem in problems.values()):
            device.plan_retry(now)
        elif not device.failed:
            device.retry_s = FIRST_RETRY_S
        effects += self.advance(device)
        return effects + self._write_pending(device, now)

    def lost(self, key: ServiceKey, now: float) -> None:
        """A service left D-Bus by itself; it is opened again after a while, and not told before.

        When the bus itself is gone, all services are, and this process ends: that is told once, elsewhere.
        """
        device = self.devices.get(key.client_id)
        if device is not None and key.service_id in device.opened:
            device.lose(key.service_id, now)

    # --- time ---------------------------------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When tick() is due."""
        moments = [device.retry_at for device in self.devices.values() if device.retry_at is not None]
        if self.portal_id is not None and self._restoring.due_at is not None:
            moments.append(self._restoring.due_at)
        if (stale_at := self.freshness.deadline) is not None:
            moments.append(stale_at)
        return min(moments, default=None)

    def tick(self, now: float) -> list[Effect]:
        """Time has passed: retry, restore, expire what is due."""
        effects: list[Effect] = []
        for device in list(self.devices.values()):
            if device.retry_at is not None and device.retry_at <= now:
                device.retry_at = None
                device.failed.clear()
                device.is_reply_due = True
                for service_id in sorted(device.lost):
                    text = f"{device.client_id}: service {service_id} lost its D-Bus connection, and is opened again"
                    effects.append(Note(text, is_warning=True))
                device.lost.clear()
                effects += self.advance(device)
        if self.portal_id is not None:
            for device in self._restoring.release(self.devices, now):
                effects += self.advance(device)
        for key in self.freshness.expire(now):
            effects += self._expire(key)
        return effects

    def _expire(self, key: ServiceKey) -> list[Effect]:
        device = self.devices.get(key.client_id)
        if device is None or device.wanted is None or key.service_id not in device.opened:
            return []
        staleness = self._staleness(device, key.service_id)
        action = staleness.action or OnTimeout.INVALID
        text = f"{key.client_id}: service {key.service_id} is silent for {staleness.timeout_s:g} s: {action}"
        note = Note(text, is_warning=True)
        if action is OnTimeout.DISCONNECT:
            device.held.add(key.service_id)
            return [note, *self.advance(device)]
        return [note, Expire(key, action)]

    # --- the state of a device ----------------------------------------------------------------------------------------

    def advance(self, device: Device) -> list[Effect]:
        """Start the next plan of a device, or finish with it."""
        if device.plan or self.portal_id is None:
            return []
        device.plan = device.make_plan()
        if device.plan:
            return [device.plan]
        if device.wanted is None:
            del self.devices[device.client_id]
            return [Note(f"Unregistered device {device.client_id}")]
        return answer(device, self.portal_id, sends_instances=self._policy.sends_device_instance)

    def _write_pending(self, device: Device, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for service_id in [name for name in device.pending if name in device.opened]:
            values = device.pending.pop(service_id)
            effects += self.write(device, service_id, values, now)
        return effects

    def _watch(self, device: Device, service_id: str, now: float) -> None:
        key = ServiceKey(device.client_id, service_id)
        self.freshness.watch(key, self._staleness(device, service_id).timeout_s or 0.0, now)

    def _staleness(self, device: Device, service_id: str) -> Staleness:
        own = device.wanted.staleness.get(service_id, Staleness()) if device.wanted else Staleness()
        kind = device.opened[service_id].service_type
        return own.over(self.types[kind].staleness)
