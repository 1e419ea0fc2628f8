"""All families: the built-in definitions, and a user's own files, which win over a built-in one of the same name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from daemonkit import yamlfile
from daemonkit.errors import DefinitionError
from modbus_client.loader.definition import read_definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modbus_client.protocol.definition import Definition, Probe
    from modbus_client.protocol.spec import DeviceSpec

BUILT_IN = Path(__file__).resolve().parents[1] / "definitions"
MAX_FILES = 200
"""A directory with more is not one of definitions."""
_NAME = re.compile(r"[a-z0-9_]+")
Stamp = tuple[tuple[str, int, int], ...]


def load_definition(path: Path, hooks: Iterable[str]) -> Definition:
    """Load one file; its name without the ending is the family's name. Raises DefinitionError."""
    if not _NAME.fullmatch(path.stem):
        raise DefinitionError(str(path), "", "the file name has to be lower-case letters, digits and underscores")
    return read_definition(yamlfile.load(path), path.stem, tuple(hooks))


@dataclass(slots=True)
class Catalogue:
    """The families that are known, by name. `faults` says what was wrong with user files; those are left out."""

    definitions: dict[str, Definition]
    faults: list[DefinitionError] = field(default_factory=list)
    stamp: Stamp = ()

    def candidates(self, spec: DeviceSpec, first: str | None = None) -> list[tuple[Definition, Probe]]:
        """Return what a device at `spec` may be, the family called `first` in front.

        With unit 0 the caller has yet to choose a unit; then every probe counts.
        """
        found = [
            (definition, probe) for definition in self.definitions.values() for probe in definition.probes_for(spec)
        ]
        return sorted(found, key=lambda pair: pair[0].name != first)

    def units(self, spec: DeviceSpec) -> list[int]:
        """Return the default units of every family on a kind of line, lowest first."""
        return sorted({unit for _, probe in self.candidates(spec) for unit in probe.units})

    def rates(self, spec: DeviceSpec) -> list[int]:
        """Return the serial rates that families declare, most common first."""
        rates = [rate for _, probe in self.candidates(spec) for rate in probe.rates]
        return sorted(set(rates), key=lambda rate: (-rates.count(rate), rate))

    def mdns(self) -> dict[str, Definition]:
        """Return the families that announce themselves, by service type."""
        return {kind: definition for definition in self.definitions.values() for kind in definition.mdns}


def load_catalogue(hooks: Iterable[str], user_directory: Path | None = None, built_in: Path = BUILT_IN) -> Catalogue:
    """Load every definition. Raises DefinitionError for a built-in file only: that is a damaged installation."""
    names = tuple(hooks)
    catalogue = Catalogue({path.stem: load_definition(path, names) for path in sorted(built_in.glob("*.yml"))})
    for path in _user_files(user_directory):
        try:
            catalogue.definitions[path.stem] = load_definition(path, names)
        except DefinitionError as error:
            catalogue.faults.append(error)
    catalogue.stamp = stamp_of(user_directory)
    return catalogue


def stamp_of(user_directory: Path | None) -> Stamp:
    """Return what changes when a user's file changes: names, times and sizes."""
    stamps = []
    for path in _user_files(user_directory):
        try:
            status = path.stat()
        except OSError:
            continue  # removed meanwhile
        stamps.append((path.name, status.st_mtime_ns, status.st_size))
    return tuple(stamps)


def _user_files(directory: Path | None) -> Iterator[Path]:
    if directory is None or not directory.is_dir():
        return
    yield from sorted(directory.glob("*.yml"))[:MAX_FILES]
