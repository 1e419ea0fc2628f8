"""Reads one service type from a definition file."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from daemonkit.errors import DefinitionError
from daemonkit.yamlvalues import YamlMapping
from mqtt_devices.derivation_rules import read_alarms, read_calibrations, read_derivations
from mqtt_devices.errors import Mistakes
from mqtt_devices.path_rules import Choices, expand, read_path
from mqtt_devices.protocol.names import is_id
from mqtt_devices.protocol.proxy import is_path
from mqtt_devices.protocol.service_types import FAMILY, PathRule, Role, ServiceType, ValueKind
from mqtt_devices.protocol.staleness import MAX_TIMEOUT_S, NEVER, OnTimeout, Staleness

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_MAX_PRODUCT_ID = 0xFFFF
# Longer, and people take what they see for stuck.
_MAX_INTERVAL_S = 60
_TYPE_KEYS = (
    "product_id",
    "custom_name",
    "interval_s",
    "timeout_s",
    "on_timeout",
    "steering",
    "derive",
    "calibrate",
    "alarms",
    "paths",
)
# Part of every service, or of every type.
_TAKEN = ("ProductId", "CustomName", "Connected", "DeviceInstance", "ProductName", "DeviceName", "FirmwareVersion")


def read_types(sections: YamlMapping, choices: Choices, former: Mapping[str, ServiceType]) -> dict[str, ServiceType]:
    """The types that a file describes; what it does not say of one is as in `former`.

    Raises:
        Mistakes: all of them.
    """
    mistakes: list[DefinitionError] = []
    types: dict[str, ServiceType] = {}
    for name in sections:
        try:
            reader = TypeReader(sections.where(name), choices, mistakes)
            types[str(name)] = reader.read(name, sections.fetch(name, YamlMapping), former.get(str(name)))
        except Mistakes as found:
            mistakes += found.mistakes
        except DefinitionError as mistake:
            mistakes.append(mistake)
    if mistakes:
        raise Mistakes(mistakes)
    return types


class TypeReader:
    """Reads one type; mistakes of single paths are collected, so that one look finds all.

    Args:
        where: of the type.
        choices: that paths may name.
        mistakes: where mistakes go.
    """

    def __init__(self, where: str, choices: Choices, mistakes: list[DefinitionError]) -> None:
        self._where = where
        self._choices = choices
        self._mistakes = mistakes

    def read(self, name: object, content: YamlMapping, former: ServiceType | None) -> ServiceType:
        """The type; what `content` does not say is as in `former`."""
        if not isinstance(name, str) or not is_id(name):
            raise DefinitionError(self._where, str(name), "a type is the third part of a D-Bus name, like temperature")
        content.refuse_others(_TYPE_KEYS)
        product_id = content.fetch(
            "product_id", int, *_or(former.product_id if former else None), minimum=0, maximum=_MAX_PRODUCT_ID
        )
        custom_name = content.fetch("custom_name", str, *_or(former.custom_name if former else None))
        base = former or ServiceType(name, {})
        rules = self._read_paths(content)
        paths = {**base.paths, **_make_common(product_id, custom_name)}
        paths |= {path: rule for path, rule in rules.items() if FAMILY not in path}
        families = {**base.families, **{path: rule for path, rule in rules.items() if FAMILY in path}}
        return ServiceType(
            name,
            paths,
            content.fetch("interval_s", float, base.interval_s, minimum=0, maximum=_MAX_INTERVAL_S),
            _read_staleness(content, base.staleness),
            read_derivations(content, paths, self._mistakes) if "derive" in content else base.derivations,
            read_calibrations(content, paths, self._mistakes) if "calibrate" in content else base.calibrations,
            read_alarms(content, paths, self._mistakes) if "alarms" in content else base.alarms,
            families,
            product_id,
            custom_name,
            content.fetch("steering", bool, base.is_steering),
        )

    def _read_paths(self, content: YamlMapping) -> dict[str, PathRule]:
        listed = content.fetch("paths", YamlMapping, YamlMapping(content.file, content.line))
        rules: dict[str, PathRule] = {}
        for key in listed:
            try:
                for path in expand(str(key)):
                    rules[path] = self._read_path(path, key, listed, rules)
            except DefinitionError as mistake:
                self._mistakes.append(mistake)
        return rules

    def _read_path(self, path: str, key: object, listed: YamlMapping, rules: Mapping[str, PathRule]) -> PathRule:
        if not is_path(path.replace(FAMILY, "0")) or path in _TAKEN or path in rules:
            rule = "a new D-Bus path without leading slash, of capitalised segments"
            raise DefinitionError(listed.where(key), str(key), rule)
        found = read_path(path, listed.fetch(key, YamlMapping), self._choices)
        if FAMILY in path and found.persists:
            raise DefinitionError(listed.where(key), str(key), f"a path with {FAMILY} is no setting")
        return found


def _make_common(product_id: int, custom_name: str) -> dict[str, PathRule]:
    return {
        "ProductId": PathRule(
            path="ProductId",
            kind=ValueKind.INTEGER,
            role=Role.PROPERTY,
            minimum=0,
            maximum=_MAX_PRODUCT_ID,
            default=product_id,
            is_hexadecimal=True,  # as all Venus programs show it
        ),
        "CustomName": PathRule(path="CustomName", kind=ValueKind.TEXT, role=Role.SETTING, default=custom_name),
    }


def _read_staleness(content: YamlMapping, former: Staleness) -> Staleness:
    timeout_s = content.fetch("timeout_s", float, former.timeout_s or NEVER, minimum=0, maximum=MAX_TIMEOUT_S)
    action = content.fetch("on_timeout", str, (former.action or OnTimeout.INVALID).value, choices=tuple(OnTimeout))
    return Staleness(timeout_s, OnTimeout(action))


def _or(default: T | None) -> tuple[T, ...]:
    """A default argument, if there is one."""
    return () if default is None else (default,)
