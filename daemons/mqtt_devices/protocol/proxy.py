"""The Proxy message: several values for one service in one message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.payload import check_text, parse_object
from mqtt_devices.protocol.status import parse_secret
from mqtt_devices.protocol.values import coerce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.protocol.service_types import ServiceType, Value

# Far above the paths of the richest service type (vebus, about 130).
MAX_VALUES = 500
# Segments of D-Bus object paths; anything else, such as a wildcard, cannot be a path of any service.
_PATH = re.compile(r"[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*")
# Nothing that a broker, which may get to see it in a topic, could take amiss.
_LEVEL = re.compile(r"[A-Za-z0-9_.:-]+")
# W, portal id, service type, device instance.
_LEVELS = 4
# Device instances are int32 on D-Bus; no more digits than those have are ever converted.
_MAX_INSTANCE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class ProxyWrite:
    """Raw values for the service at `topic_path`; paths without leading slash. Not yet checked against a type."""

    topic_path: str
    portal_id: str
    service_type: str
    instance: int
    values: Mapping[str, Any]
    secret: str | None = None


def parse_proxy(payload: bytes) -> ProxyWrite:
    """Parse a Proxy payload.

    Raises:
        Rejected: no object, topicPath not W/<portal id>/<type>/<instance>, or values not a non-empty object whose
            paths begin with a capital letter or a digit.
    """
    message = parse_object(payload)
    topic_path = message.get("topicPath")
    if topic_path is None:
        raise Rejected(Reason.MISSING, "topicPath", "W/<portal id>/<type>/<instance>, as given in the DBus reply")
    portal_id, service_type, instance = _parse_topic_path(topic_path)
    values = message.get("values")
    if values is None:
        raise Rejected(Reason.MISSING, "values", "an object of path and value")
    if not isinstance(values, dict) or not values:
        raise Rejected(Reason.WRONG_TYPE, "values", "an object of path and value, not empty")
    if len(values) > MAX_VALUES:
        raise Rejected(Reason.TOO_MANY, "values", f"at most {MAX_VALUES} values")
    pairs = {check_path(path, f"values.{path}"): value for path, value in values.items()}
    return ProxyWrite(str(topic_path), portal_id, service_type, instance, pairs, parse_secret(message))


def check_values(values: Mapping[str, Any], service_type: ServiceType, place: str = "values.") -> dict[str, Value]:
    """The values, each of the type of its path; all or nothing.

    Args:
        values: raw values by path.
        service_type: the type of the service that they are for.
        place: goes in front of a path in messages.

    Raises:
        Rejected: a path that the service type does not have or that is not writeable, or a value that does not fit.
    """
    return {path: _check_value(path, value, service_type, place) for path, value in values.items()}


def choose_values(values: Mapping[str, Any], service_type: ServiceType) -> tuple[dict[str, Value], Rejected | None]:
    """The values of a Proxy that can be set, and what is wrong with the others.

    Each value stands for itself, as each was a W message of its own in the former driver: devices send along what no
    path is there for.
    """
    checked: dict[str, Value] = {}
    problems: dict[str, Rejected] = {}
    for path, value in values.items():
        try:
            checked[path] = _check_value(path, value, service_type, "values.")
        except Rejected as problem:
            problems[path] = problem
    if not problems:
        return checked, None
    first, *others = problems
    rule = problems[first].rule + (f"; left out as well: {', '.join(others)}" if others else "")
    return checked, Rejected(problems[first].reason, problems[first].field, rule)


def _check_value(path: str, value: object, service_type: ServiceType, place: str) -> Value:
    rule = service_type.find(path)
    place += path
    if rule is None:
        raise Rejected(Reason.UNKNOWN_PATH, place, f"a path of the type {service_type.name}")
    if rule.is_locked:
        text = f"steering: [{service_type.name}] in mqtt-devices.yml, since Venus OS controls power by this path"
        raise Rejected(Reason.NOT_ENABLED, place, text)
    if not rule.writeable:
        raise Rejected(Reason.NOT_WRITEABLE, place, "a path that can be set")
    try:
        return coerce(value, rule)
    except Rejected as problem:
        raise Rejected(problem.reason, place, problem.rule) from None


def check_path(path: str, place: str) -> str:
    """Return a path without leading slash; `place` is what messages call it.

    Raises:
        Rejected: it cannot be the path of a service.
    """
    path = check_text(path, place).removeprefix("/")
    if not is_path(path):
        raise Rejected(Reason.UNKNOWN_PATH, place, "a D-Bus path, which begins with a capital letter")
    return path


def is_path(path: str) -> bool:
    """Whether `path` (without leading slash) can be the path of a service."""
    return _PATH.fullmatch(path) is not None and path[0] == path[0].upper()


def _parse_topic_path(topic_path: object) -> tuple[str, str, int]:
    refusal = Rejected(Reason.BAD_TOPIC_PATH, "topicPath", "W/<portal id>/<type>/<instance>, as in the DBus reply")
    if not isinstance(topic_path, str):
        raise refusal
    levels = check_text(topic_path, "topicPath").split("/")
    if len(levels) != _LEVELS or levels[0] != "W" or not all(map(_LEVEL.fullmatch, levels)):
        raise refusal
    instance = levels[3]
    if not (instance.isascii() and instance.isdecimal() and len(instance) <= _MAX_INSTANCE_DIGITS):
        raise refusal
    return levels[1], levels[2], int(instance)
