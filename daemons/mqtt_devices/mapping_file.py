"""Reads mapping rules: files of mappings.d, and the presets that they may name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlMapping, load
from daemonkit.yamlvalues import YamlList
from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.lwt import LastWill, parse_last_will
from mqtt_devices.protocol.mapping import DEVICE, WILDCARD, MappedPath, MappingRule, parse_pointer
from mqtt_devices.protocol.names import is_service_id
from mqtt_devices.services_file import find_user_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.protocol.service_types import ServiceType

PRESETS = Path(__file__).parent / "definitions"
_RULE_KEYS = ("preset", "device", "client", "services", "values", "offline")
_PATH_KEYS = ("service", "path", "pointer", "scale", "offset", "map")


def load_mappings(directory: Path, types: Mapping[str, ServiceType]) -> tuple[list[MappingRule], list[DefinitionError]]:
    """Return the rules of all files, and the mistakes of files that were left out for them."""
    rules: list[MappingRule] = []
    mistakes: list[DefinitionError] = []
    for path in find_user_files(directory):
        try:
            rules += read_mappings(path, types)
        except DefinitionError as mistake:
            mistakes.append(mistake)
    return rules, mistakes


def find_presets() -> dict[str, Path]:
    """The presets by name."""
    return {path.stem: path for path in sorted(PRESETS.glob("*.yml"))}


def read_mappings(path: Path, types: Mapping[str, ServiceType]) -> list[MappingRule]:
    """Return the rules of a file.

    Raises:
        DefinitionError: names file, line, key and rule of the first mistake.
    """
    file = load(path)
    file.refuse_others(("devices",))
    devices = file.fetch("devices", YamlMapping)
    return [_read_rule(str(name), devices.fetch(name, YamlMapping), types) for name in devices]


def _read_rule(name: str, content: YamlMapping, types: Mapping[str, ServiceType]) -> MappingRule:
    content.refuse_others(_RULE_KEYS)
    base = YamlMapping(content.file, content.line)
    if "preset" in content:
        presets = find_presets()
        base = load(presets[content.fetch("preset", str, choices=tuple(presets))])
    device = content.fetch("device", str, name)
    if device != WILDCARD and any(sign in device for sign in "+#/{"):
        raise DefinitionError(content.where("device"), "device", "one level of a topic, or + for all")
    services = {**_read_services(base, types), **_read_services(content, types)}
    values = {**_read_values(base, services, types, skips=True), **_read_values(content, services, types)}
    if not values:
        raise DefinitionError(content.where(), "values", "is missing")
    if device == WILDCARD and not all(DEVICE in topic for topic in values):
        raise DefinitionError(content.where("device"), "device", f"+ needs {DEVICE} in each topic")
    client = content.fetch("client", str, base.fetch("client", str, name if device != WILDCARD else f"{name}_{DEVICE}"))
    if device == WILDCARD and DEVICE not in client:
        raise DefinitionError(content.where("client"), "client", f"needs {DEVICE}, or all would be one device")
    offline = {**_read_offline(base), **_read_offline(content)}
    return MappingRule(client_id=client, device=device, services=services, values=values, offline=offline)


def _read_services(content: YamlMapping, types: Mapping[str, ServiceType]) -> dict[str, str]:
    listed = content.fetch("services", YamlMapping, YamlMapping(content.file, content.line))
    for service_id in listed:
        if not is_service_id(service_id):
            raise DefinitionError(listed.where(service_id), str(service_id), "is no service id")
        listed.fetch(service_id, str, choices=tuple(sorted(types)))
    return dict(listed)


def _read_values(
    content: YamlMapping, services: Mapping[str, str], types: Mapping[str, ServiceType], *, skips: bool = False
) -> dict[str, tuple[MappedPath, ...]]:
    """The paths of each topic; `skips`: of a preset, whose service may have got a type with fewer paths."""
    listed = content.fetch("values", YamlMapping, YamlMapping(content.file, content.line))
    found: dict[str, tuple[MappedPath, ...]] = {}
    for topic in listed:
        _check_topic(listed, topic)
        entries = listed.fetch(topic, YamlList)
        paths = [_read_path(entry, entries.where(number), services) for number, entry in enumerate(entries)]
        for number, mapped in enumerate(paths):
            kind = services[mapped.service_id]
            if types[kind].find(mapped.path) is None and not skips:
                raise DefinitionError(entries.where(number), mapped.path, f"is no path of the type {kind}")
        found[topic] = tuple(mapped for mapped in paths if types[services[mapped.service_id]].find(mapped.path))
    return found


def _read_path(entry: Any, where: str, services: Mapping[str, str]) -> MappedPath:
    if not isinstance(entry, YamlMapping):
        raise DefinitionError(where, "", "has to be a mapping with path")
    entry.refuse_others(_PATH_KEYS)
    if not services:
        raise DefinitionError(where, "services", "is missing")
    service_id = entry.fetch("service", str, next(iter(services)), choices=tuple(services))
    path = entry.fetch("path", str)
    try:
        pointer = parse_pointer(entry.fetch("pointer", str, ""))
    except ValueError:
        raise DefinitionError(entry.where("pointer"), "pointer", "a JSON pointer, as /ENERGY/Power") from None
    choices = entry.fetch("map", YamlMapping, YamlMapping(entry.file, entry.line))
    return MappedPath(
        service_id=service_id,
        path=path,
        pointer=pointer,
        scale=entry.fetch("scale", float, 1.0),
        offset=entry.fetch("offset", float, 0.0),
        choices={str(key): value for key, value in choices.items()},
    )


def _read_offline(content: YamlMapping) -> dict[str, tuple[LastWill, ...]]:
    listed = content.fetch("offline", YamlMapping, YamlMapping(content.file, content.line))
    found: dict[str, tuple[LastWill, ...]] = {}
    for topic in listed:
        _check_topic(listed, topic)
        values = listed[topic] if isinstance(listed[topic], list) else [listed[topic]]
        try:
            wills = [
                parse_last_will("x", value if isinstance(value, str) else json.loads(json.dumps(value)))
                for value in values
            ]
        except Rejected as problem:
            raise DefinitionError(listed.where(topic), topic, problem.rule) from None
        found[topic] = tuple(will for will in wills if will is not None)
    return found


def _check_topic(listed: YamlMapping, topic: object) -> None:
    if not isinstance(topic, str) or not topic.isprintable() or "#" in topic or topic.startswith(("$", "device/")):
        rule = "a topic without #, not below device/ and not beginning with $"
        raise DefinitionError(listed.where(topic), str(topic), rule)
