"""Turns an edited services.yml of dbus-mqtt-devices into a file for services.d.

    python3 -m mqtt_devices.import_services OLD.yml >/data/conf/venus-daemons/services.d/mine.yml

The old file: types at the top level, paths below them, each with default, min, max, persist (or setting), format and
description. Only what the built-in types do not have already is written; what could not be taken over is listed on
standard error.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import load
from daemonkit.yamlvalues import YamlMapping
from mqtt_devices.protocol.names import is_id
from mqtt_devices.protocol.proxy import is_path
from mqtt_devices.services_file import load_services

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mqtt_devices.protocol.service_types import ServiceType

_KNOWN = ("default", "min", "max", "persist", "setting", "format", "description", "type")
# With one decimal and W behind it, for example.
_FORMAT = re.compile(r"\{(?::\.(?P<decimals>[0-9])f)?\}\s*(?P<unit>[^{}]*)")
_COMMON = ("ProductId", "CustomName")


def convert(old: YamlMapping, built_in: Mapping[str, ServiceType]) -> tuple[str, list[str]]:
    """Return the text of the new file, and a line for each thing that could not be taken over."""
    problems: list[str] = []
    types: dict[str, dict[str, Any]] = {}
    for name in old:
        if not isinstance(name, str) or not is_id(name) or not isinstance(old[name], YamlMapping):
            problems.append(f"{old.where(name)}: {name}: no service type; left out")
            continue
        known = built_in.get(name)
        section = _convert_type(name, old[name], known, problems)
        if section["paths"] or known is None:
            types[name] = section
    return _write(types), problems


def _convert_type(name: str, old: YamlMapping, known: ServiceType | None, problems: list[str]) -> dict[str, Any]:
    section: dict[str, Any] = {}
    if known is None:
        section["product_id"] = _default_of(old, "ProductId", int, 0xFFFF)
        section["custom_name"] = _default_of(old, "CustomName", str, f"My {name.capitalize()}")
    section["paths"] = {}
    for path in old:
        if path in _COMMON or (known is not None and known.find(str(path)) is not None):
            continue
        if not isinstance(path, str) or not is_path(path):
            problems.append(f"{old.where(path)}: {path}: no D-Bus path; left out")
            continue
        fields = old[path] if isinstance(old[path], YamlMapping) else YamlMapping(old.file, old.line)
        section["paths"][path] = _convert_path(path, fields, problems)
    return section


def _convert_path(path: str, old: YamlMapping, problems: list[str]) -> dict[str, Any]:
    problems += [f"{old.where(key)}: {path}.{key}: unknown; left out" for key in old if key not in _KNOWN]
    default = old.get("default")
    is_text = isinstance(default, str)
    rule: dict[str, Any] = {"type": "s" if is_text else "as" if isinstance(default, list) else "d"}
    if old.get("persist") or old.get("setting"):
        rule["role"] = "setting"
        if default is None:
            problems.append(f"{old.where('persist')}: {path}: a setting needs a default; it gets one")
            default = 0
    match = _FORMAT.fullmatch(str(old.get("format", "")).strip())
    if "format" in old and match is None:
        problems.append(f"{old.where('format')}: {path}.format: {old['format']!r} is not understood; left out")
    if match is not None and rule["type"] == "d":
        rule |= {"unit": match["unit"].strip()} if match["unit"].strip() else {}
        rule |= {"decimals": int(match["decimals"])} if match["decimals"] else {}
    for key, limit in (("minimum", "min"), ("maximum", "max")):
        value = old.get(limit)
        if value is None or (old.get("min") == 0 and old.get("max") == 0):
            continue
        if rule["type"] == "d" and isinstance(value, int | float):
            rule[key] = value
        else:
            problems.append(f"{old.where(limit)}: {path}.{limit}: a limit is a number, of a number; left out")
    if default is not None:
        rule["default"] = default
    if isinstance(old.get("description"), str):
        rule["description"] = old["description"]
    return rule


def _default_of(old: YamlMapping, path: str, kind: type[Any], otherwise: Any) -> Any:
    fields = old.get(path)
    value = fields.get("default") if isinstance(fields, dict) else None
    return value if isinstance(value, kind) else otherwise


def _write(types: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["types:" if types else "types: {}"]
    for name, section in types.items():
        lines.append(f"  {name}:")
        lines += [f"    {key}: {_scalar(value)}" for key, value in section.items() if key != "paths"]
        lines.append("    paths:" if section["paths"] else "    paths: {}")
        for path, rule in section["paths"].items():
            # JSON is YAML.
            lines.append(f"      {path}: {_scalar(rule)}")
    return "\n".join(lines) + "\n"


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main(arguments: Sequence[str]) -> int:
    """Convert the file that is named; return the exit code: 1 when something was left out, 2 when it cannot be read."""
    if len(arguments) != 1:
        sys.stderr.write(f"{(__doc__ or '').strip()}\n")
        return 2
    try:
        text, problems = convert(load(Path(arguments[0])), load_services())
    except DefinitionError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(text)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
