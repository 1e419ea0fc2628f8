"""Devices that cannot be programmed: what they publish on topics of their own, mapped to paths of services."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.names import MAX_ID
from mqtt_devices.protocol.payload import parse_any
from mqtt_devices.protocol.values import parse_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mqtt_devices.protocol.inbox import Message
    from mqtt_devices.protocol.lwt import LastWill

DEVICE = "{device}"
WILDCARD = "+"
_NO_ID = re.compile(r"[^A-Za-z0-9_]")
# What ESPHome publishes for a sensor that has no value (nan; None with publish_nan_as_none), and JSON's word for it.
_UNKNOWN = frozenset({"nan", "none", "null"})
_MISSING = object()
# Topics may have 65,535 bytes, and this is kept for each device.
MAX_SOURCE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedPath:
    """One value of a message, on its way to a path: looked up, translated by `choices`, times scale, plus offset."""

    service_id: str
    path: str
    pointer: tuple[str, ...] = ()
    scale: float = 1.0
    offset: float = 0.0
    choices: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRule:
    """A device, or with the wildcard as `device` all devices of a kind. Topics may contain {device}."""

    client_id: str
    device: str
    services: Mapping[str, str]
    values: Mapping[str, tuple[MappedPath, ...]]
    offline: Mapping[str, tuple[LastWill, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a message says of one device. `values`: raw, by service id and path."""

    client_id: str
    services: Mapping[str, str]
    values: Mapping[str, Mapping[str, Any]]
    is_offline: bool = False
    source: str = ""  # the client id before it was made one: plug-1 and plug_1 have the same


class Mapper:
    """All rules."""

    def __init__(self, rules: Iterable[MappingRule] = ()) -> None:
        self._matchers = [
            (_compile(topic, rule.device), rule, topic) for rule in rules for topic in {**rule.values, **rule.offline}
        ]
        self._client_ids = {_compile_client_id(rule) for _, rule, _ in self._matchers}
        self.topics = tuple(dict.fromkeys(topic.replace(DEVICE, rule.device) for _, rule, topic in self._matchers))

    def makes(self, client_id: str) -> bool:
        """Whether a client id is one that a rule gives to a device."""
        return any(pattern.fullmatch(client_id) for pattern in self._client_ids)

    def read(self, message: Message) -> list[Mapped]:
        """What a message says, by all rules that fit its topic."""
        found = []
        for pattern, rule, topic in self._matchers:
            match = pattern.fullmatch(message.topic)
            if match is None:
                continue
            name = match["device"] if "device" in pattern.groupindex else rule.device
            client_id = make_client_id(rule.client_id, name)
            values = _look_up(rule.values.get(topic, ()), message.payload)
            is_offline = any(will.matches(message.payload) for will in rule.offline.get(topic, ()))
            if values or is_offline:
                source = rule.client_id.replace(DEVICE, name)[:MAX_SOURCE]
                found.append(Mapped(client_id, rule.services, values, is_offline, source))
        return found


def make_client_id(pattern: str, device: str) -> str:
    """A client id from a pattern with {device}; what cannot be part of one becomes an underscore."""
    return _NO_ID.sub("_", pattern.replace(DEVICE, device))[:MAX_ID]


def parse_pointer(text: str) -> tuple[str, ...]:
    """Split a JSON pointer (RFC 6901).

    Raises:
        ValueError: it neither is empty nor begins with a slash.
    """
    if text and not text.startswith("/"):
        raise ValueError(text)
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def _compile(topic: str, device: str) -> re.Pattern[str]:
    parts = []
    for level in topic.split("/"):
        text = re.escape(level).replace(re.escape(WILDCARD), "[^/]+") if level == WILDCARD else re.escape(level)
        name = "(?P<device>[^/]+)" if device == WILDCARD else re.escape(device)
        parts.append(text.replace(re.escape(DEVICE), name))
    return re.compile("/".join(parts))


def _compile_client_id(rule: MappingRule) -> re.Pattern[str]:
    if rule.device != WILDCARD:
        return re.compile(make_client_id(rule.client_id, rule.device))
    parts = (_NO_ID.sub("_", part) for part in rule.client_id.split(DEVICE))
    return re.compile("[A-Za-z0-9_]*".join(parts))


def _look_up(paths: tuple[MappedPath, ...], payload: bytes) -> dict[str, dict[str, Any]]:
    if not paths:
        return {}
    try:
        document = parse_any(payload)
    except Rejected:
        # Of a foreign device: what it says there is none of our business.
        return {}
    found: dict[str, dict[str, Any]] = {}
    for mapped in paths:
        value = _translate(_follow(document, mapped.pointer), mapped)
        if value is not _MISSING:
            found.setdefault(mapped.service_id, {})[mapped.path] = value
    return found


def _follow(document: Any, pointer: tuple[str, ...]) -> Any:
    for part in pointer:
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isascii() and part.isdecimal() and int(part[:6]) < len(document):
            document = document[int(part[:6])]
        else:
            return None
    return document


def _translate(value: Any, mapped: MappedPath) -> Any:
    """The value for the path, None when the device says that it has none, _MISSING when there is nothing in it."""
    if mapped.choices:
        key = str(value).lower() if isinstance(value, bool) else str(value)
        return mapped.choices.get(key, _MISSING)
    if isinstance(value, str) and value.strip().lower() in _UNKNOWN:
        return None
    if value is None or isinstance(value, dict):
        # A device with several sensors mentions in each message only some of them.
        return _MISSING
    if (mapped.scale, mapped.offset) == (1.0, 0.0):
        return value
    number = parse_number(value) if isinstance(value, str) else value
    try:
        return number * mapped.scale + mapped.offset if isinstance(number, int | float) else _MISSING
    except OverflowError:  # an integer of hundreds of digits
        return _MISSING
