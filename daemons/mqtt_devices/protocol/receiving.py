"""What devices say, on the topics below device/: parsed, checked, and passed on to the table of devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.admission import check_client
from mqtt_devices.protocol.changes import parse_result
from mqtt_devices.protocol.complaints import SHOWN, Complaints
from mqtt_devices.protocol.direct import change_registration, parse_direct, parse_direct_value
from mqtt_devices.protocol.effects import Effect, Expire, Note, Publish, ServiceKey
from mqtt_devices.protocol.finding import find_sender, find_service
from mqtt_devices.protocol.names import PROXY, RESERVED, RESULT, SET, STATUS
from mqtt_devices.protocol.proxy import ProxyWrite, check_values, choose_values, parse_proxy
from mqtt_devices.protocol.rates import LogPace
from mqtt_devices.protocol.reply import encode_value
from mqtt_devices.protocol.staleness import OnTimeout
from mqtt_devices.protocol.status import Departure, Registration, check_service_id, parse_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.protocol.admission import Policy
    from mqtt_devices.protocol.changes import Changes
    from mqtt_devices.protocol.device import Device
    from mqtt_devices.protocol.device_table import DeviceTable
    from mqtt_devices.protocol.inbox import Message
    from mqtt_devices.protocol.lwt import WillBook
    from mqtt_devices.protocol.mapping import Mapped
    from mqtt_devices.protocol.service_types import Value

# device, client id, service id or Status; what follows is a path.
LEVELS = 3


class Receiver:
    """Handles the messages of devices.

    Args:
        table: the devices.
        changes: what users have set.
        wills: last wills of all devices.
        complaints: how devices are told of what is left out.
        policy: the operator's decisions.
    """

    def __init__(
        self, table: DeviceTable, *, changes: Changes, wills: WillBook, complaints: Complaints, policy: Policy
    ) -> None:
        self._table = table
        self._changes = changes
        self._wills = wills
        self._complaints = complaints
        self._policy = policy
        self._unknown = LogPace()

    def receive(self, levels: list[str], message: Message, now: float) -> list[Effect]:
        """A message on device/...; `levels`: its topic, split into LEVELS + 1 parts at most.

        Raises:
            Rejected: it cannot be acted on.
        """
        level, last = levels[1], levels[2]
        if len(levels) > LEVELS:
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
            client_id = find_sender(self._table.devices, level)
            check_client(client_id, None, self._policy)
            return self.leave(client_id)
        status = parse_status(message.payload, self._table.types)
        check_client(status.client_id, status.secret, self._policy)
        shown = "(with secret)" if status.secret else message.payload[:SHOWN].decode("utf-8", "replace")
        text = f"Received device status message on {message.topic[:SHOWN]!a}: {shown!a}"
        if isinstance(status, Departure):
            return self._receive_departure(status, text, now)
        return [self._note_status(status, text), *self._admit(level, status, message, now)]

    def _receive_departure(self, status: Departure, text: str, now: float) -> list[Effect]:
        if status.client_id in self._table.devices:
            return [Note(text), *self.leave(status.client_id)]
        effects = [*self.leave(status.client_id), Note(text, is_routine=True)]
        if times := self._unknown.due((status.client_id, ""), now):
            again = f", for the {times}th time since this was last said" if times > 1 else ""
            effects.append(Note(f"Device {status.client_id} is not registered{again}", is_warning=True))
        return effects

    def _note_status(self, status: Registration, text: str) -> Note:
        device = self._table.devices.get(status.client_id)
        if device is None:
            return Note(text)
        device.repeats_itself = device.wanted == status and not device.unheard
        return Note(text, is_routine=device.repeats_itself)

    def _admit(self, level: str, status: Registration, message: Message, now: float) -> list[Effect]:
        former = self._table.devices.get(status.client_id)
        former_broker = former.broker if former else message.broker
        effects = self._table.admit(level, status, now, broker=message.broker, is_heard=not message.retained)
        if former_broker != message.broker:
            effects += self._wills.arm(former_broker, status.client_id, None)
        effects += self._wills.arm(message.broker, status.client_id, status.last_will)
        effects += self._changes.repeat(status.client_id, message.broker)
        return effects + self._complain_in_part(level, status.complaint, message, now)

    def _receive_proxy(self, level: str, message: Message, now: float) -> list[Effect]:
        _check_live(message)
        proxy = parse_proxy(message.payload)
        is_ours = proxy.portal_id == self._table.portal_id
        device, service_id = find_service(self._table.devices, level, proxy, owner_only=self._policy.proxy_checks_owner)
        if device is None or not is_ours:
            if self._policy.proxy_checks_owner:
                rule = "the W topic of a service that this device has registered, as given in its DBus reply"
                raise Rejected(Reason.NOT_YOURS, "topicPath", rule)
            # Only with the ownership check switched off: a service of any driver, through the gateway.
            return _publish_values(proxy, proxy.values, message.broker)
        check_client(device.client_id, proxy.secret, self._policy)
        values, problem = choose_values(proxy.values, self._table.types[proxy.service_type])
        if problem and not values:
            raise problem
        if self._policy.proxy_publishes:
            effects = _publish_values(proxy, values, message.broker)
        else:
            effects = self._write(device, service_id, values, message, now)
        return effects + self._complain_in_part(level, problem, message, now)

    def _receive_direct(self, client_id: str, service_id: str, message: Message, now: float) -> list[Effect]:
        device = self._table.devices.get(client_id)
        kind = device.wanted.services.get(service_id) if device and device.wanted else None
        if not message.payload and kind is None:
            return []
        check_service_id(service_id, "topic")
        direct = parse_direct(message.payload, self._table.types)
        if direct.is_only_values:
            _check_live(message)
        check_client(client_id, direct.secret, self._policy)
        if direct.type is None and kind is None and not direct.is_leaving:
            rule = f"a registered service, or the field type in this message: no service {service_id} of {client_id}"
            raise Rejected(Reason.UNKNOWN_SERVICE, "type", rule)
        values = check_values(direct.values, self._table.types[direct.type or kind or ""], "") if direct.values else {}
        status = change_registration(device.wanted if device else None, client_id, service_id, direct)
        if status is None and device is not None and device.broker != message.broker and direct.type is not None:
            status = device.wanted  # the device has moved to another broker
        effects: list[Effect] = []
        if status is not None and not status.services:
            effects += self.leave(client_id)
        elif status is not None:
            effects.append(Note(f"Received registration on {message.topic[:SHOWN]!a}"))
            effects += self._admit(client_id, status, message, now)
        if not values:
            return effects
        if message.retained:
            # It says who the device is, not how warm it is.
            return effects + self._complain_in_part(client_id, _refuse_retained(), message, now)
        return effects + self._write(self._table.devices[client_id], service_id, values, message, now)

    def _receive_value(self, client_id: str, service_id: str, path: str, message: Message, now: float) -> list[Effect]:
        if service_id in RESERVED or path.startswith(f"{SET}/"):
            return []
        _check_live(message)
        device = self._table.devices.get(client_id)
        if device is None or device.wanted is None or service_id not in device.wanted.services:
            raise Rejected(Reason.UNKNOWN_SERVICE, "topic", f"no service {service_id[:SHOWN]} of {client_id[:SHOWN]}")
        if path.startswith(f"{RESULT}/"):
            result = parse_result(message.payload)
            check_client(client_id, result.secret, self._policy)
            _check_broker(device, message)
            return self._changes.receive_result(
                ServiceKey(client_id, service_id), path.removeprefix(f"{RESULT}/"), is_accepted=result.is_accepted
            )
        direct = parse_direct_value(path, message.payload)
        check_client(client_id, direct.secret, self._policy)
        values = check_values(direct.values, self._table.types[device.wanted.services[service_id]], "")
        return self._write(device, service_id, values, message, now)

    def receive_mapped(self, mapped: Mapped, message: Message, now: float) -> list[Effect]:
        """What a mapping rule has read; raises Rejected."""
        device = self._table.devices.get(mapped.client_id)
        if device is not None and device.source not in {"", mapped.source}:
            rule = (
                f"{mapped.source} and {device.source} are both {mapped.client_id}: one needs a rule with another client"
            )
            raise Rejected(Reason.NAME_CLASH, "topic", rule)
        if mapped.is_offline:
            opened = device.opened if device else ()
            return [Expire(ServiceKey(mapped.client_id, name), OnTimeout.INVALID) for name in opened]
        # Before anything changes: a plan that is made has to be returned.
        values = {
            service_id: check_values(raw, self._table.types[mapped.services[service_id]], "")
            for service_id, raw in mapped.values.items()
            if not message.retained
        }
        effects: list[Effect] = []
        if device is None or device.wanted is None or not mapped.services.items() <= device.wanted.services.items():
            former = device.wanted.services if device and device.wanted else {}
            status = Registration(mapped.client_id, None, {**former, **mapped.services})
            effects += self._admit(mapped.client_id, status, message, now)
        self._table.devices[mapped.client_id].source = mapped.source
        for service_id, checked in values.items():
            effects += self._write(self._table.devices[mapped.client_id], service_id, checked, message, now)
        return effects

    def leave(self, client_id: str) -> list[Effect]:
        """A device goes away."""
        self._changes.forget(client_id)
        device = self._table.devices.get(client_id)
        return self._wills.arm(device.broker if device else "", client_id, None) + self._table.leave(client_id)

    def _complain_in_part(self, level: str, problem: Rejected | None, message: Message, now: float) -> list[Effect]:
        """Tell a device what was left out of a message that holds otherwise."""
        if problem is None:
            return []
        return self._complaints.complain(level, message.topic, problem, now, broker=message.broker, accepted=True)

    def _write(
        self, device: Device, service_id: str, values: Mapping[str, Value], message: Message, now: float
    ) -> list[Effect]:
        _check_broker(device, message)
        answers = self._changes.receive_values(ServiceKey(device.client_id, service_id), values)
        return answers + self._table.write(device, service_id, values, now)


def _refuse_retained() -> Rejected:
    return Rejected(Reason.RETAINED, "", "values sent now, not those that a broker has kept: publish without retain")


def _check_live(message: Message) -> None:
    if message.retained:
        # May be from yesterday, and a grid meter of yesterday must not steer anything.
        raise _refuse_retained()


def _check_broker(device: Device, message: Message) -> None:
    if message.broker != device.broker:
        raise Rejected(Reason.NOT_YOURS, "topic", "a message by the broker by which the device has registered")


def _publish_values(proxy: ProxyWrite, values: Mapping[str, Value], broker: str) -> list[Effect]:
    return [Publish(f"{proxy.topic_path}/{path}", encode_value(value), broker) for path, value in values.items()]
