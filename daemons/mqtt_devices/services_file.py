"""Reads services.yml and the files of services.d, which are of the same form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlMapping, load
from mqtt_devices.built_in_types import BuiltInTypes
from mqtt_devices.errors import Mistakes
from mqtt_devices.path_rules import Choices, read_named_choices
from mqtt_devices.protocol.lazy_types import LazyTypes
from mqtt_devices.type_reader import read_types

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqtt_devices.protocol.service_types import ServiceType

BUILT_IN = Path(__file__).resolve().parents[2] / "services.yml"


class Catalogue:
    """Service types and named choices, as they come together from several files."""

    def __init__(self) -> None:
        self.types = LazyTypes((), dict[str, "ServiceType"]().__getitem__)
        self._get_choices: Callable[[], Choices] = dict

    def add(self, path: Path) -> None:
        """Take over a file: new types, and changes to types that exist. Nothing of it when it has mistakes.

        Raises:
            Mistakes: each with file, line, key and rule; also those of a type of services.yml that it changes.
        """
        file = load(path)
        try:
            file.refuse_others(("choices", "types"))
            choices = self._get_choices() | read_named_choices(file)
            sections = file.fetch("types", YamlMapping)
        except Mistakes:
            raise
        except DefinitionError as mistake:
            raise Mistakes([mistake]) from None
        self.types = self.types.over(read_types(sections, choices, self.types))
        self._get_choices = choices.copy

    def add_built_in(self) -> None:
        """Begin with services.yml, whose types are read when they are looked up.

        Raises:
            DefinitionError: it has no types at all.
        """
        built_in = BuiltInTypes(BUILT_IN)
        self.types = LazyTypes(built_in.names, built_in.read)
        self._get_choices = lambda: built_in.choices

    def read_all(self) -> dict[str, ServiceType]:
        """All types, read.

        Raises:
            Mistakes: all that there are.
        """
        types: dict[str, ServiceType] = {}
        mistakes: list[DefinitionError] = []
        for name in self.types:
            try:
                types[name] = self.types[name]
            except Mistakes as found:
                mistakes += [mistake for mistake in found.mistakes if mistake not in mistakes]
        if mistakes:
            raise Mistakes(mistakes)
        return types


def load_services(*paths: Path) -> dict[str, ServiceType]:
    """Return the service types of files, by name; of the built-in one when none is named.

    Raises:
        Mistakes: all mistakes of the first file that has some.
    """
    catalogue = Catalogue()
    for path in paths or (BUILT_IN,):
        if path == BUILT_IN:
            catalogue.add_built_in()
            catalogue.read_all()
        else:
            catalogue.add(path)
    return catalogue.read_all()


def find_user_files(directory: Path) -> list[Path]:
    """The files of services.d, in the order in which they count."""
    return sorted(path for path in directory.glob("*.yml") if not path.name.startswith("."))


def load_with_user_files(directory: Path) -> tuple[LazyTypes, list[DefinitionError]]:
    """Return the built-in types with the user's, and the mistakes of files that were left out for them.

    Of the built-in ones only those are read that the user changes; the mistakes of the others show when they are.

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
