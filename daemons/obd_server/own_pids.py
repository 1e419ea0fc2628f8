"""The user's own commands, from obd-pids.yml in the configuration directory.

GEARBOX_TEMP:
  description: Gearbox oil
  request: "221E1C"        # services 01, 09, 21 and 22: they only read
  header: "7E1"            # the control unit that is asked; 7E0 when absent
  bytes: 1                 # value bytes in the answer
  formula: A - 40          # over them, see lib/obdio/formula.py
  unit: celsius            # pint's name; absent for a bare number
  rate: 5                  # seconds
  path: /Gearbox/Temperature   # on D-Bus, below /Own of com.victronenergy.obd.*; absent: only on Socket.IO
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlMapping, load
from obd_server.definition_file import FASTEST_S, SLOWEST_S
from obdio.extra import CommandSpec
from obdio.formula import Formula, FormulaError

if TYPE_CHECKING:
    from pathlib import Path

MAX_OWN = 64
"""More would take a slow adapter a minute for one round."""
KEYS = ("description", "request", "header", "bytes", "formula", "unit", "rate", "path")
READING = ("01", "09", "21", "22")
_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,39}")
_REQUEST = re.compile(r"[0-9A-F]{4,8}")
_HEADER = re.compile(r"[0-9A-F]{3}|[0-9A-F]{6}|[0-9A-F]{8}")
_PATH = re.compile(r"(/[A-Za-z0-9_]{1,40}){1,6}")


@dataclass(frozen=True, slots=True)
class OwnPid:
    """One command of the user."""

    spec: CommandSpec
    rate_s: float
    path: str | None
    unit: str


def load_own(path: Path) -> dict[str, OwnPid]:
    """Return the user's commands by name; none when there is no such file. Raises DefinitionError."""
    if not path.exists():
        return {}
    file = load(path)
    if len(file) > MAX_OWN:
        raise DefinitionError(file.where(), "", f"has {len(file)} commands, at most {MAX_OWN} are possible")
    own: dict[str, OwnPid] = {}
    for name in file:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise DefinitionError(file.where(name), str(name), "has to be capitals, digits and underscores")
        entry = file.fetch(name, YamlMapping)
        own[name] = _one(name, entry)
        if own[name].path in {pid.path for other, pid in own.items() if other != name} - {None}:
            raise DefinitionError(entry.where("path"), "path", f"{own[name].path} is another command's already")
    return own


def _one(name: str, entry: YamlMapping) -> OwnPid:
    entry.refuse_others(KEYS)
    request = _match(entry, "request", _REQUEST, 'hexadecimal in quotes, such as "221E1C"')
    if request[:2] not in READING:
        raise DefinitionError(
            entry.where("request"), "request", f"may use the services {', '.join(READING)}: they read"
        )
    count = entry.fetch("bytes", int, minimum=1, maximum=32)
    header = (
        _match(entry, "header", _HEADER, 'a CAN identifier in quotes, such as "7E1"') if "header" in entry else "7E0"
    )
    unit = entry.fetch("unit", str, "")
    path = _match(entry, "path", _PATH, "a D-Bus path such as /Gearbox/Temperature") if "path" in entry else None
    spec = CommandSpec(
        name, entry.fetch("description", str, name), request, count, _formula(entry, count), unit, header
    )
    return OwnPid(spec, entry.fetch("rate", float, 5.0, minimum=FASTEST_S, maximum=SLOWEST_S), path, unit)


def _formula(entry: YamlMapping, count: int) -> Formula:
    try:
        formula = Formula(entry.fetch("formula", str))
    except FormulaError as error:
        raise DefinitionError(entry.where("formula"), "formula", str(error)) from None
    if formula.needs > count:
        raise DefinitionError(entry.where("formula"), "formula", f"uses {formula.needs} bytes of {count}")
    return formula


def _match(entry: YamlMapping, key: str, pattern: re.Pattern[str], what: str) -> str:
    value = entry.fetch(key, str)
    if not pattern.fullmatch(value):
        raise DefinitionError(entry.where(key), key, f"has to be {what}, not {value!r}")
    return value
