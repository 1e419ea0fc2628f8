"""Reads from a definition file which paths of a type follow from others: derive, calibrate, alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from daemonkit.errors import DefinitionError
from daemonkit.yamlvalues import YamlList, YamlMapping
from mqtt_devices.path_rules import expand
from mqtt_devices.protocol.service_types import (
    ALARM_SETTINGS,
    ALARM_STATE,
    AlarmRule,
    Calibration,
    Derivation,
    ValueKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mqtt_devices.protocol.service_types import PathRule

    Paths = Mapping[str, PathRule]

T = TypeVar("T")

_NUMBERS = (ValueKind.INTEGER, ValueKind.DOUBLE)


def read_derivations(content: YamlMapping, paths: Paths, mistakes: list[DefinitionError]) -> tuple[Derivation, ...]:
    """Sums and products, from the key derive; mistakes of single ones are collected."""
    return _read_each(content, "derive", lambda key, listed: _read_derivation(key, listed, paths), mistakes)


def read_calibrations(content: YamlMapping, paths: Paths, mistakes: list[DefinitionError]) -> tuple[Calibration, ...]:
    """Readings that the user corrects, from the key calibrate."""
    return _read_each(content, "calibrate", lambda key, listed: _read_calibration(key, listed, paths), mistakes)


def read_alarms(content: YamlMapping, paths: Paths, mistakes: list[DefinitionError]) -> tuple[AlarmRule, ...]:
    """Alarms by thresholds, from the key alarms."""
    return _read_each(content, "alarms", lambda key, listed: _read_alarm(key, listed, paths), mistakes)


def _read_each(
    content: YamlMapping,
    name: str,
    read: Callable[[str, YamlMapping], Iterable[T]],
    mistakes: list[DefinitionError],
) -> tuple[T, ...]:
    listed = content.fetch(name, YamlMapping)
    found: list[T] = []
    for key in listed:
        try:
            found += read(str(key), listed)
        except DefinitionError as mistake:
            mistakes.append(mistake)
    return tuple(found)


def _read_derivation(key: str, listed: YamlMapping, paths: Paths) -> Iterable[Derivation]:
    fields = listed.fetch(key, YamlMapping)
    fields.refuse_others(("sum", "product", "scale"))
    operations = [name for name in ("sum", "product") if name in fields]
    if len(operations) != 1:
        raise DefinitionError(listed.where(key), key, "either sum or product, a list of paths")
    operation = operations[0]
    operands = [expand(str(operand)) for operand in fields.fetch(operation, YamlList)]
    results = expand(key)
    for number, path in enumerate(results):
        of = tuple(one[number] if len(one) == len(results) else one[0] for one in operands)
        for one in (path, *of):
            if one not in paths or (paths[one].kind is not ValueKind.DOUBLE and one == path):
                raise DefinitionError(listed.where(key), one, "a path of this type (the result of type d)")
        yield Derivation(path=path, operation=operation, of=of, scale=fields.fetch("scale", float, 1.0))


def _read_calibration(key: str, listed: YamlMapping, paths: Paths) -> Iterable[Calibration]:
    fields = listed.fetch(key, YamlMapping)
    fields.refuse_others(("scale", "offset"))
    scale, offset = fields.fetch("scale", str), fields.fetch("offset", str)
    for path in (key, scale, offset):
        if path not in paths or paths[path].kind is not ValueKind.DOUBLE:
            raise DefinitionError(listed.where(key), path, "a path of this type, of type d")
    yield Calibration(path=key, scale=scale, offset=offset)


def _read_alarm(key: str, listed: YamlMapping, paths: Paths) -> Iterable[AlarmRule]:
    fields = listed.fetch(key, YamlMapping)
    fields.refuse_others(("above", "below"))
    sides = [name for name in ("above", "below") if name in fields]
    if len(sides) != 1:
        raise DefinitionError(listed.where(key), key, "either above or below, a path")
    of = fields.fetch(sides[0], str)
    for path in (of, *(f"{key}/{name}" for name in (*ALARM_SETTINGS, ALARM_STATE))):
        if path not in paths or paths[path].kind not in _NUMBERS:
            raise DefinitionError(listed.where(key), path, "a path of this type, of type i or d")
    yield AlarmRule(path=key, of=of, is_high=sides[0] == "above")
