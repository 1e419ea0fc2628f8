"""The Status message: a device announces itself and its services, or says goodbye."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Mistakes, Reason, Rejected
from mqtt_devices.protocol.lwt import DEFAULT_VALUE, LastWill, parse_last_will
from mqtt_devices.protocol.names import MAX_ID, RESERVED, is_id, is_service_id
from mqtt_devices.protocol.payload import MAX_TEXT, check_text, parse_object
from mqtt_devices.protocol.staleness import Staleness, parse_staleness

if TYPE_CHECKING:
    from collections.abc import Mapping

# A device with more services than one GX takes altogether is a mistake or an attack.
MAX_SERVICES = 256
_ID_RULE = f"1 to {MAX_ID} letters, digits and underscores"


@dataclass(frozen=True, slots=True)
class Registration:
    """A device that is there (connected 1). `services`: service id to type, in the order of the message."""

    client_id: str
    version: str | None
    services: Mapping[str, str]
    last_will: LastWill | None = None
    # A part that was left out although the rest is accepted; the device is told.
    complaint: Rejected | None = None
    # By service id, where the device decided about it.
    staleness: Mapping[str, Staleness] = field(default_factory=dict)
    secret: str | None = field(default=None, repr=False)

    def new_services(self, former: Registration | None) -> set[str]:
        """The service ids that another registration did not have, or had with another type."""
        return {name for name, kind in self.services.items() if not former or former.services.get(name) != kind}


@dataclass(frozen=True, slots=True)
class Departure:
    """A device that is leaving (connected 0)."""

    client_id: str
    secret: str | None = field(default=None, repr=False)


def parse_status(payload: bytes, types: Mapping[str, object]) -> Registration | Departure:
    """Parse a Status payload; `types` are the service types on offer.

    The topic's middle level is not compared with clientId, because devices in the field use different ones.

    Raises:
        Rejected: names the first field that is wrong. One bad service rejects the message.
    """
    message = parse_object(payload)
    is_connected = _parse_connected(message)
    client_id = message.get("clientId")
    if not is_id(client_id):
        raise Rejected(Reason.MISSING if client_id in (None, "") else Reason.BAD_ID, "clientId", _ID_RULE)
    secret = parse_secret(message)
    if not is_connected:
        return Departure(str(client_id), secret)
    services, staleness = _parse_services(message.get("services"), types, parse_staleness(message))
    will, complaint = None, None
    try:
        will = parse_last_will(message.get("lwt_topic"), message.get("lwt_value", DEFAULT_VALUE))
    except Rejected as problem:
        complaint = problem
    version = parse_version(message.get("version"))
    return Registration(str(client_id), version, services, will, complaint, staleness, secret)


def check_type(service_type: object, types: Mapping[str, object], place: str) -> str:
    """Return the name of a service type that exists, and can be looked up from now on.

    Raises:
        Rejected: it does not, is none, or its definition has mistakes.
    """
    if not isinstance(service_type, str) or service_type not in types:
        rule = f"one of {', '.join(sorted(types))} (lower and upper case matter)"
        raise Rejected(Reason.UNKNOWN_TYPE, place, rule)
    try:
        types[service_type]
    except Mistakes as found:
        rule = f"the definition of {service_type} on this GX has to be mended: {found.mistakes[0]}"
        raise Rejected(Reason.BROKEN_TYPE, place, rule) from None
    return service_type


def check_service_id(service_id: object, place: str = "services") -> str:
    """Return a service id that may be used.

    Raises:
        Rejected: it may not.
    """
    if not isinstance(service_id, str) or not is_service_id(service_id):
        raise Rejected(
            Reason.BAD_ID, place, f"a service id has {_ID_RULE} and is none of {', '.join(sorted(RESERVED))}"
        )
    return service_id


def parse_secret(message: Mapping[str, Any]) -> str | None:
    """Read the field secret.

    Raises:
        Rejected: it is no text.
    """
    secret = message.get("secret")
    if secret is None:
        return None
    if not isinstance(secret, str):
        raise Rejected(Reason.WRONG_TYPE, "secret", "text")
    return check_text(secret, "secret")


def _parse_connected(message: Mapping[str, Any]) -> bool:
    connected = message.get("connected")
    if connected is None or connected == "":
        raise Rejected(Reason.MISSING, "connected", "1 or 0")
    # true and 1.0 have always been taken for 1.
    if isinstance(connected, bool | int | float) and connected in (0, 1):
        return bool(connected)
    raise Rejected(Reason.WRONG_TYPE, "connected", "the number 1 or 0")


def _parse_services(
    services: object, types: Mapping[str, object], of_device: Staleness
) -> tuple[Mapping[str, str], Mapping[str, Staleness]]:
    if services is None:
        raise Rejected(Reason.MISSING, "services", "an object of service id and type")
    if not isinstance(services, dict):
        raise Rejected(Reason.WRONG_TYPE, "services", "an object of service id and type")
    if len(services) > MAX_SERVICES:
        raise Rejected(Reason.TOO_MANY, "services", f"at most {MAX_SERVICES} services")
    kinds: dict[str, str] = {}
    staleness: dict[str, Staleness] = {}
    for raw_id, raw in services.items():
        service_id = check_service_id(raw_id)
        place = f"services.{service_id}"
        fields: Mapping[str, Any] = raw if isinstance(raw, dict) else {"type": raw}
        kinds[service_id] = check_type(fields.get("type"), types, place)
        own = parse_staleness(fields, f"{place}.")
        decided = Staleness(
            of_device.timeout_s if own.timeout_s is None else own.timeout_s, own.action or of_device.action
        )
        if decided != Staleness():
            staleness[service_id] = decided
    return kinds, staleness


def parse_version(version: object) -> str | None:
    """Read the field version: text, or anything else as JSON; cut when it is too long.

    Raises:
        Rejected: D-Bus cannot carry it.
    """
    if version is None:
        return None
    text = version if isinstance(version, str) else json.dumps(version)
    return check_text(text[:MAX_TEXT], "version")
