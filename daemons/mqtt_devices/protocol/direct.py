"""Messages of one topic for each service: registration and values without portal id and device instance.

device/<clientId>/<serviceId>          one JSON object; what begins with a small letter is about the service (type,
                                       version, timeout, ...), the rest are paths with their values
device/<clientId>/<serviceId>/<Path>   one value
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.lwt import DEFAULT_VALUE, LastWill, parse_last_will
from mqtt_devices.protocol.payload import check_text, parse_object, parse_plain
from mqtt_devices.protocol.proxy import MAX_VALUES, check_path
from mqtt_devices.protocol.staleness import Staleness, parse_staleness
from mqtt_devices.protocol.status import Registration, check_type, parse_secret, parse_version

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = ("type", "version", "connected", "timeout", "onTimeout", "lwt_topic", "lwt_value", "secret")


@dataclass(frozen=True, slots=True)
class DirectMessage:
    """What a device says of one of its services. `type` None: nothing about registration."""

    values: Mapping[str, Any]
    type: str | None = None
    is_leaving: bool = False
    version: str | None = None
    staleness: Staleness = field(default_factory=Staleness)
    last_will: LastWill | None = None
    has_last_will: bool = False
    secret: str | None = None
    complaint: Rejected | None = None

    @property
    def is_only_values(self) -> bool:
        """Whether nothing in it is about registration."""
        return not (
            self.type is not None
            or self.is_leaving
            or self.version is not None
            or self.has_last_will
            or self.complaint
            or self.staleness != Staleness()
        )


def parse_direct(payload: bytes, types: Mapping[str, object]) -> DirectMessage:
    """Parse the payload of device/<clientId>/<serviceId>; an empty one says that the service is to go.

    Raises:
        Rejected: names the first field that is wrong.
    """
    if not payload:
        return DirectMessage({}, is_leaving=True)
    message = parse_object(payload)
    fields = {key: value for key, value in message.items() if key[:1].islower()}
    for key in fields:
        if key not in FIELDS:
            raise Rejected(Reason.UNKNOWN_PATH, key, f"a path (capital letter first) or one of {', '.join(FIELDS)}")
    values = {check_path(key, key): value for key, value in message.items() if key not in fields}
    if len(values) > MAX_VALUES:
        raise Rejected(Reason.TOO_MANY, "", f"at most {MAX_VALUES} values")
    secret = parse_secret(fields)
    if _is_zero(fields.get("connected")):
        return DirectMessage({}, is_leaving=True, secret=secret)
    will, complaint = None, None
    try:
        will = parse_last_will(fields.get("lwt_topic"), fields.get("lwt_value", DEFAULT_VALUE))
    except Rejected as problem:
        complaint = problem
    return DirectMessage(
        values,
        type=check_type(fields["type"], types, "type") if "type" in fields else None,
        version=parse_version(fields.get("version")),
        staleness=parse_staleness(fields),
        last_will=will,
        has_last_will="lwt_topic" in fields,
        secret=secret,
        complaint=complaint,
    )


def parse_direct_value(path: str, payload: bytes) -> DirectMessage:
    """Parse the payload of device/<clientId>/<serviceId>/<Path>.

    Raises:
        Rejected: no path, or no value.
    """
    path = check_path(check_text(path, "topic"), "topic")
    secret = None
    if b'"secret"' in payload:
        secret = parse_secret(parse_object(payload))
    return DirectMessage({path: parse_plain(payload)}, secret=secret)


def _is_zero(connected: object) -> bool:
    if connected is None:
        return False
    if isinstance(connected, bool | int | float) and connected in (0, 1):
        return not connected
    raise Rejected(Reason.WRONG_TYPE, "connected", "the number 1 or 0")


def change_registration(
    former: Registration | None, client_id: str, service_id: str, message: DirectMessage
) -> Registration | None:
    """What the device wants after this message, None when that is what it wanted before. Other services stay.

    Args:
        former: what it wanted before, None when it is not registered.
        client_id: of the device.
        service_id: of the service that the message is about.
        message: what it says.
    """
    if former is not None and message.is_only_values:
        return None
    services = dict(former.services) if former else {}
    staleness = dict(former.staleness) if former else {}
    version = former.version if former else None
    will = former.last_will if former else None
    if message.is_leaving:
        services.pop(service_id, None)
        staleness.pop(service_id, None)
    else:
        if message.type is not None:
            services[service_id] = message.type
        if message.staleness != Staleness():
            staleness[service_id] = message.staleness
        version = message.version or version
        will = message.last_will if message.has_last_will else will
    wanted = Registration(client_id, version, services, will, message.complaint, staleness)
    if former is None:
        return wanted if services else None
    is_same = replace(former, complaint=None, secret=None) == replace(wanted, complaint=None)
    return None if is_same and message.complaint is None else wanted
