"""Reads services.yml: strictly, so that a typing mistake is found here and not by a user's missing value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlMapping, load
from daemonkit.yamlvalues import YamlList
from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.names import is_id
from mqtt_devices.protocol.proxy import is_path
from mqtt_devices.protocol.service_types import PathRule, Role, ServiceType, Value, ValueKind
from mqtt_devices.protocol.staleness import MAX_TIMEOUT_S, NEVER, OnTimeout, Staleness
from mqtt_devices.protocol.values import coerce

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILT_IN = Path(__file__).resolve().parents[2] / "services.yml"

_MAX_PRODUCT_ID = 0xFFFF
# Longer, and people take what they see for stuck.
_MAX_INTERVAL_S = 60
# More digits than a double holds would be noise.
_MAX_DECIMALS = 9
_PATH_KEYS = (
    "type",
    "role",
    "unit",
    "decimals",
    "minimum",
    "maximum",
    "default",
    "values",
    "writeable",
    "description",
)
_NUMBERS = (ValueKind.INTEGER, ValueKind.DOUBLE)

Choices = dict[str, dict[int, str]]


def load_services(path: Path = BUILT_IN) -> dict[str, ServiceType]:
    """Return the service types of a file, by name.

    Raises:
        DefinitionError: names file, line, key and rule of the first mistake.
    """
    file = load(path)
    file.refuse_others(("choices", "types"))
    named = file.fetch("choices", YamlMapping, YamlMapping(str(path), 0))
    choices = {name: _read_choices(named.fetch(name, YamlMapping)) for name in named}
    types = file.fetch("types", YamlMapping)
    return {name: _read_type(name, types.fetch(name, YamlMapping), types.where(name), choices) for name in types}


def _read_type(name: object, content: YamlMapping, where: str, choices: Choices) -> ServiceType:
    if not isinstance(name, str) or not is_id(name):
        raise DefinitionError(where, str(name), "a type is the third part of a D-Bus name, like temperature")
    content.refuse_others(("product_id", "custom_name", "interval_s", "timeout_s", "on_timeout", "paths"))
    product_id = content.fetch("product_id", int, minimum=0, maximum=_MAX_PRODUCT_ID)
    custom_name = content.fetch("custom_name", str)
    rules = {
        "ProductId": PathRule(
            path="ProductId",
            kind=ValueKind.INTEGER,
            minimum=0,
            maximum=_MAX_PRODUCT_ID,
            default=product_id,
            is_hexadecimal=True,  # as all Venus programs show it
        ),
        "CustomName": PathRule(path="CustomName", kind=ValueKind.TEXT, role=Role.SETTING, default=custom_name),
    }
    paths = content.fetch("paths", YamlMapping)
    for path in paths:
        if not isinstance(path, str) or not is_path(path) or path in rules:
            rule = "a new D-Bus path without leading slash, of capitalised segments"
            raise DefinitionError(paths.where(path), str(path), rule)
        rules[path] = _read_path(path, paths.fetch(path, YamlMapping), choices)
    interval_s = content.fetch("interval_s", float, 1.0, minimum=0, maximum=_MAX_INTERVAL_S)
    return ServiceType(name, rules, interval_s, _read_staleness(content))


def _read_staleness(content: YamlMapping) -> Staleness:
    timeout_s = content.fetch("timeout_s", float, NEVER, minimum=0, maximum=MAX_TIMEOUT_S)
    action = content.fetch("on_timeout", str, OnTimeout.INVALID.value, choices=tuple(OnTimeout))
    return Staleness(timeout_s, OnTimeout(action))


def _read_path(path: str, content: YamlMapping, choices: Choices) -> PathRule:
    content.refuse_others(_PATH_KEYS)
    kind = ValueKind(content.fetch("type", str, choices=tuple(ValueKind)))
    role = Role(content.fetch("role", str, Role.READING.value, choices=tuple(Role)))
    for key in ("unit", "decimals", "minimum", "maximum"):
        if key in content and kind not in _NUMBERS:
            raise DefinitionError(content.where(key), key, "is for numbers (type i or d)")
    if "decimals" in content and kind is not ValueKind.DOUBLE:
        raise DefinitionError(content.where("decimals"), "decimals", "is for type d")
    rule = PathRule(
        path=path,
        kind=kind,
        role=role,
        unit=content.fetch("unit", str, ""),
        decimals=content.fetch("decimals", int, minimum=0, maximum=_MAX_DECIMALS) if "decimals" in content else None,
        minimum=_read_limit(content, "minimum"),
        maximum=_read_limit(content, "maximum"),
        values=_read_values(content, kind, choices),
        writeable=content.fetch("writeable", bool, default=True),
        description=content.fetch("description", str, ""),
    )
    if rule.minimum is not None and rule.maximum is not None and rule.minimum > rule.maximum:
        raise DefinitionError(content.where("maximum"), "maximum", "is not below minimum")
    return _with_default(rule, content)


def _read_limit(content: YamlMapping, key: str) -> float | None:
    return content.fetch(key, float) if key in content else None


def _read_values(content: YamlMapping, kind: ValueKind, choices: Choices) -> Mapping[int, str]:
    if "values" not in content:
        return {}
    if kind is not ValueKind.INTEGER:
        raise DefinitionError(content.where("values"), "values", "is for type i")
    if isinstance(content["values"], str):
        return choices[content.fetch("values", str, choices=tuple(choices))]
    return _read_choices(content.fetch("values", YamlMapping))


def _read_choices(content: YamlMapping) -> dict[int, str]:
    for key in content:
        if not isinstance(key, int):
            raise DefinitionError(content.where(key), str(key), "the key of a choice is an integer")
        content.fetch(key, str)
    return dict(content)


def _with_default(rule: PathRule, content: YamlMapping) -> PathRule:
    if content.get("default") is None:
        if rule.persists:
            raise DefinitionError(content.where("default"), "default", "a setting needs one")
        return rule
    raw: Any = content["default"]
    if isinstance(raw, YamlList):
        raw = list(raw)
    try:
        default: Value = coerce(raw, rule)
    except Rejected as problem:
        raise DefinitionError(content.where("default"), "default", problem.rule) from None
    if isinstance(raw, str) != (rule.kind is ValueKind.TEXT) or isinstance(raw, bool):
        raise DefinitionError(content.where("default"), "default", f"is not of type {rule.kind}")
    if rule.persists and rule.kind is ValueKind.TEXTS:
        raise DefinitionError(content.where("type"), "type", "localsettings keeps no lists")
    return replace(rule, default=default)
