"""Reads services.yml and the files of services.d, which are of the same form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlMapping, load, loads
from mqtt_devices.path_rules import Choices, read_choices
from mqtt_devices.type_reader import TypeReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mqtt_devices.protocol.service_types import ServiceType

BUILT_IN = Path(__file__).resolve().parents[2] / "services.yml"


class Mistakes(DefinitionError):  # noqa: N818 - a collection of errors
    """All mistakes of a file, one line each."""

    def __init__(self, mistakes: list[DefinitionError]) -> None:
        first = mistakes[0]
        super().__init__(first.where, first.field, first.rule)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))


class Catalogue:
    """Service types and named choices, as they come together from several files."""

    def __init__(self) -> None:
        self.types: dict[str, ServiceType] = {}
        self._choices: Choices = {}

    def add(self, path: Path) -> None:
        """Take over a file: new types, and changes to types that exist. Nothing of it when it has mistakes.

        Raises:
            Mistakes: each with file, line, key and rule.
        """
        self._take(load(path))

    def add_built_in(self) -> None:
        """Take over services.yml, type by type: parsed as a whole it would leave 4 MiB behind, for good.

        Raises:
            Mistakes: as for add().
        """
        text = BUILT_IN.read_text("utf-8")
        for part in _split(text):
            self._take(loads(part, str(BUILT_IN)))

    def _take(self, file: YamlMapping) -> None:
        mistakes: list[DefinitionError] = []
        choices, types = dict(self._choices), dict(self.types)
        try:
            file.refuse_others(("choices", "types"))
            named = file.fetch("choices", YamlMapping, YamlMapping(file.file, 0))
            choices |= {name: read_choices(named.fetch(name, YamlMapping)) for name in named}
            sections = file.fetch("types", YamlMapping)
        except DefinitionError as mistake:
            raise Mistakes([mistake]) from None
        for name in sections:
            try:
                reader = TypeReader(sections.where(name), choices, mistakes)
                types[str(name)] = reader.read(name, sections.fetch(name, YamlMapping), self.types.get(str(name)))
            except DefinitionError as mistake:
                mistakes.append(mistake)
        if mistakes:
            raise Mistakes(mistakes)
        self.types, self._choices = types, choices


def load_services(*paths: Path) -> dict[str, ServiceType]:
    """Return the service types of files, by name; of the built-in one when none is named.

    Raises:
        Mistakes: all mistakes of the first file that has some.
    """
    catalogue = Catalogue()
    for path in paths or (BUILT_IN,):
        if path == BUILT_IN:
            catalogue.add_built_in()
        else:
            catalogue.add(path)
    return catalogue.types


def _split(text: str) -> Iterator[str]:
    """The file in parts of one type each, on the lines where they were, with `types:` above each."""
    head, _, body = text.partition("\ntypes:\n")
    yield f"{head}\ntypes: {{}}\n"
    line = head.count("\n") + 2
    for part in re.split(r"^(?=  \S)", body, flags=re.MULTILINE):
        if part.strip():
            yield "\n" * (line - 1) + f"types:\n{part}"
        line += part.count("\n")


def find_user_files(directory: Path) -> list[Path]:
    """The files of services.d, in the order in which they count."""
    return sorted(path for path in directory.glob("*.yml") if not path.name.startswith("."))


def load_with_user_files(directory: Path) -> tuple[dict[str, ServiceType], list[DefinitionError]]:
    """Return the built-in types with the user's, and the mistakes of files that were left out for them.

    A typing mistake in one file must not take all devices off the GX.
    """
    catalogue = Catalogue()
    catalogue.add_built_in()
    mistakes: list[DefinitionError] = []
    for path in find_user_files(directory):
        try:
            catalogue.add(path)
        except DefinitionError as mistake:
            mistakes.append(mistake)
    return catalogue.types, mistakes


def describe_types(types: Mapping[str, ServiceType]) -> str:
    """One line for --check."""
    paths = sum(len(kind.paths) + len(kind.families) for kind in types.values())
    return f"{len(types)} service types with {paths} paths: {', '.join(sorted(types))}"
