"""All families: the built-in definitions, and a user's own files, which win over a built-in one of the same name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from daemonkit import yamlfile
from daemonkit.errors import DefinitionError
from modbus_client.loader.definition import read_definition
from modbus_client.protocol.definition import Definition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modbus_client.protocol.definition import Probe
    from modbus_client.protocol.spec import DeviceSpec

BUILT_IN = Path(__file__).resolve().parents[1] / "definitions"
MAX_FILES = 200
"""A directory with more is not one of definitions."""
_NAME = re.compile(r"[a-z0-9_]+")
_MDNS_LINE = re.compile(r"^mdns:.*$", re.MULTILINE)
_MDNS_KIND = re.compile(r"_[a-z0-9-]+\._(?:tcp|udp)")
Stamp = tuple[tuple[str, int, int], ...]


def load_definition(path: Path, hooks: Iterable[str]) -> Definition:
    """Load one file; its name without the ending is the family's name. Raises DefinitionError."""
    if not _NAME.fullmatch(path.stem):
        raise DefinitionError(str(path), "", "the file name has to be lower-case letters, digits and underscores")
    return read_definition(yamlfile.load(path), path.stem, tuple(hooks))


class Definitions(Mapping[str, Definition]):
    """Definitions by name, each loaded when it is first asked for: parsing all of them takes a GX seconds.

    A built-in file that is damaged raises DefinitionError then.
    """

    def __init__(self, files: dict[str, Path], hooks: tuple[str, ...]) -> None:
        self._files = files
        self._hooks = hooks
        self._loaded: dict[str, Definition] = {}

    def __getitem__(self, name: str) -> Definition:
        if name not in self._loaded:
            self._loaded[name] = load_definition(self._files[name], self._hooks)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def put(self, definition: Definition, file: Path) -> None:
        """Add a definition, or replace the one of its name."""
        self._files[definition.name] = file
        self._loaded[definition.name] = definition

    def mdns_kinds(self) -> list[str]:
        """Return the service types under which devices announce themselves, without loading anything."""
        texts = (path.read_text() for path in self._files.values())
        return sorted(
            {kind for text in texts for line in _MDNS_LINE.findall(text) for kind in _MDNS_KIND.findall(line)}
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """What a device at a spec may be, in the order in which it is tried; loads only what is tried."""

    definitions: Definitions
    spec: DeviceSpec
    only: str | None = None

    def __call__(self, first: str | None = None, skip: int = 0) -> Iterator[tuple[Definition, Probe]]:
        """Yield probes: of the family `first`, then of the others, beginning with number `skip` of them."""
        names = [name for name in self.definitions if self.only is None or name == self.only]
        start = skip % max(1, len(names))
        rotated = names[start:] + names[:start]
        for name in sorted(rotated, key=lambda name: name != first):
            definition = self.definitions[name]
            for probe in definition.probes_for(self.spec):
                yield definition, probe


@dataclass(slots=True)
class Catalogue:
    """The families that are known, by name. `faults` says what was wrong with user files; those are left out."""

    definitions: Definitions
    faults: list[DefinitionError] = field(default_factory=list)
    stamp: Stamp = ()

    def candidates(self, spec: DeviceSpec, first: str | None = None) -> list[tuple[Definition, Probe]]:
        """Return what a device at `spec` may be, the family called `first` in front.

        With unit 0 the caller has yet to choose a unit; then every probe counts.
        """
        return list(Choice(self.definitions, spec)(first))

    def units(self, spec: DeviceSpec) -> list[int]:
        """Return the default units of every family on a kind of line, lowest first."""
        return sorted({unit for _, probe in self.candidates(spec) for unit in probe.units})

    def rates(self, spec: DeviceSpec) -> list[int]:
        """Return the serial rates that families declare, most common first."""
        rates = [rate for _, probe in self.candidates(spec) for rate in probe.rates]
        return sorted(set(rates), key=lambda rate: (-rates.count(rate), rate))

    def choice(self, spec: DeviceSpec, only: str | None = None) -> Choice:
        """Return what a device may be, or, with `only`, whether it is of this family."""
        return Choice(self.definitions, spec, only)


def load_catalogue(
    hooks: Iterable[str],
    user_directory: Path | None = None,
    built_in: Path = BUILT_IN,
    *,
    previous: Catalogue | None = None,
) -> Catalogue:
    """Find every definition, and load the user's: their mistakes are to be told at once.

    A file that has become faulty counts as it was in the `previous` catalogue, so that an editor takes no device away.
    """
    names = tuple(hooks)
    catalogue = Catalogue(Definitions({path.stem: path for path in sorted(built_in.glob("*.yml"))}, names))
    for path in _user_files(user_directory):
        try:
            catalogue.definitions.put(load_definition(path, names), path)
        except DefinitionError as error:
            catalogue.faults.append(error)
            if previous is not None and path.stem in previous.definitions:
                catalogue.definitions.put(previous.definitions[path.stem], path)
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
