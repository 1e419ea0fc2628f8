"""Topics and payloads of the MQTT gateway of a GX. Pure.

Topics are LETTER/portal id/service type/device instance/path, with N for what the GX tells, R to read and W to write.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from simulators.gx.wire import to_variant

if TYPE_CHECKING:
    from dbus_fast import Variant

BLOCKED: Final = {("vebus", "/Interfaces/Mk2/Tunnel"), ("paygo", "/LVD/Threshold")}
"""Service type and path that the gateway neither tells nor writes."""

_INSTANCE_ZERO: Final = {"settings", "platform", "vecan"}
"""Service types whose instance is 0 whatever they say."""

_LEVELS_BEFORE_PATH: Final = 4


class BadPayloadError(ValueError):
    """A W payload that has no D-Bus value; the text says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a topic names: a service type, an instance as text, and a path ("/" for the whole service)."""

    service_type: str
    instance: str
    path: str

    def topic(self, letter: str, portal_id: str) -> str:
        """The topic under a letter."""
        return f"{letter}/{portal_id}/{self.service_type}/{self.instance}{self.path}"


def parse_topic(topic: str) -> Address | None:
    """What an R or W topic names; None when it is too short to name anything."""
    parts = topic.split("/", _LEVELS_BEFORE_PATH)
    if len(parts) < _LEVELS_BEFORE_PATH or not all(parts[:_LEVELS_BEFORE_PATH]):
        return None
    path = parts[_LEVELS_BEFORE_PATH] if len(parts) > _LEVELS_BEFORE_PATH else ""
    return Address(parts[2], parts[3], "/" + path.strip("/"))


def service_type(name: str) -> str:
    """The third part of com.victronenergy.TYPE.REST."""
    return name.split(".")[2]


def service_instance(service_type: str, device_instance: Any, identifier: Any, *, has_instance: bool) -> str:
    """The instance level of a service's topics.

    A /DeviceInstance that is no integer counts as 0: several such devices share one topic, which is what happens on a
    GX too. A service without that path goes by its /Identifier text.
    """
    if service_type in _INSTANCE_ZERO:
        return "0"
    if has_instance:
        is_number = isinstance(device_instance, int) and not isinstance(device_instance, bool)
        return str(device_instance) if is_number else "0"
    return identifier if isinstance(identifier, str) and identifier else "0"


def encode_value(value: Any, minimum: Any = None, maximum: Any = None) -> str:
    """An N payload. Limits are there only when known; what JSON cannot say is null."""
    content = {"value": value}
    if minimum is not None:
        content["min"] = minimum
    if maximum is not None:
        content["max"] = maximum
    return _encode(content)


def encode_completed(unix_time: int, echo: str | None) -> str:
    """What is told after all values were told; echo goes back to who sent it."""
    return _encode({"value": unix_time} if echo is None else {"full-publish-completed-echo": echo, "value": unix_time})


def _encode(content: dict[str, Any]) -> str:
    finite = {key: _finite(element) for key, element in content.items()}
    return json.dumps(finite, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_finite(element) for element in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def parse_write(payload: bytes) -> Variant:
    """The D-Bus value of a W payload: by its JSON type alone, whatever type the path has. Raises BadPayloadError."""
    try:
        content = json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadPayloadError(f"no JSON: {error}") from error
    if not isinstance(content, dict) or "value" not in content:
        raise BadPayloadError('no object with a "value"')
    try:
        return to_variant(content["value"])
    except TypeError as error:
        raise BadPayloadError(str(error)) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
