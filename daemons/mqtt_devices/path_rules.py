"""Reads the rule of one path from a definition file: strictly, so that a typing mistake is found here."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from daemonkit.errors import DefinitionError
from daemonkit.yamlvalues import YamlList, YamlMapping
from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.service_types import NO_VALUES, PathRule, Role, Value, ValueKind
from mqtt_devices.protocol.values import coerce

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "steering",
    "cyclic",
    "description",
)
_NUMBERS = (ValueKind.INTEGER, ValueKind.DOUBLE)
_RANGE = re.compile(r"\{([0-9]{1,2})-([0-9]{1,2})\}")

Choices = dict[str, dict[int, str]]


def expand(text: str) -> list[str]:
    """L{1-3} as L1, L2, L3; text without a range as it is. The range that comes first varies slowest."""
    match = _RANGE.search(text)
    if match is None:
        return [text]
    numbers = range(int(match[1]), int(match[2]) + 1)
    return [one for number in numbers for one in expand(f"{text[: match.start()]}{number}{text[match.end() :]}")]


def read_path(path: str, content: YamlMapping, choices: Choices) -> PathRule:
    """The rule of `path`.

    Raises:
        DefinitionError: names the first mistake.
    """
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
        is_steering=content.fetch("steering", bool, default=False),
        is_cyclic=content.fetch("cyclic", bool, default=False),
        description=content.fetch("description", str, ""),
    )
    if rule.minimum is not None and rule.maximum is not None and rule.minimum > rule.maximum:
        raise DefinitionError(content.where("maximum"), "maximum", "is not below minimum")
    return _with_default(rule, content)


def _read_limit(content: YamlMapping, key: str) -> float | None:
    return content.fetch(key, float) if key in content else None


def _read_values(content: YamlMapping, kind: ValueKind, choices: Choices) -> Mapping[int, str]:
    if "values" not in content:
        return NO_VALUES
    if kind is not ValueKind.INTEGER:
        raise DefinitionError(content.where("values"), "values", "is for type i")
    if isinstance(content["values"], str):
        return choices[content.fetch("values", str, choices=tuple(choices))]
    return read_choices(content.fetch("values", YamlMapping))


def read_choices(content: YamlMapping) -> dict[int, str]:
    """The names of an integer's values.

    Raises:
        DefinitionError: a key that is no integer, or a name that is no text.
    """
    for key in content:
        if not isinstance(key, int):
            raise DefinitionError(content.where(key), str(key), "the key of a choice is an integer")
        content.fetch(key, str)
    return dict(content)


def read_named_choices(file: YamlMapping) -> Choices:
    """The choices of a definition file, by name.

    Raises:
        DefinitionError: as read_choices().
    """
    named = file.fetch("choices", YamlMapping, YamlMapping(file.file, 0))
    return {str(name): read_choices(named.fetch(name, YamlMapping)) for name in named}


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
