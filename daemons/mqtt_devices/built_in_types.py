"""services.yml, of which a daemon reads what its devices use: all of it costs a GX 3 s and 1 MiB for good."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlMapping, loads
from mqtt_devices.errors import Mistakes
from mqtt_devices.path_rules import Choices, read_named_choices
from mqtt_devices.type_reader import read_types

if TYPE_CHECKING:
    from pathlib import Path

    from mqtt_devices.protocol.service_types import ServiceType

_TYPES = "types:\n"
# The line on which a type begins. Whatever else is there belongs to the type above, whose reading finds it to be wrong.
_BEGIN = re.compile(r"^  (\w+):", re.MULTILINE)


class BuiltInTypes:
    """The file in parts, one for each type and one for what stands above, each parsed when it is asked for.

    Raises:
        DefinitionError: the file cannot be read, or has no line `types:` with types below it.
    """

    def __init__(self, path: Path) -> None:
        self._file = str(path)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DefinitionError(self._file, "", f"cannot be read: {error}") from None
        self._head, _, types = text.partition(f"\n{_TYPES}")
        self._parts = _split(types, self._head.count("\n") + 3)
        if not self._parts:
            raise DefinitionError(self._file, "types", "is missing, or has no types below it")

    @property
    def names(self) -> tuple[str, ...]:
        """Of the types, in the order of the file; nothing is parsed for them."""
        return tuple(self._parts)

    @cached_property
    def choices(self) -> Choices:
        """The named choices.

        Raises:
            Mistakes: of what stands above the types.
        """
        try:
            content = loads(f"{self._head}\n", self._file)
            content.refuse_others(("choices",))
            return read_named_choices(content)
        except DefinitionError as mistake:
            raise Mistakes([mistake]) from None

    def read(self, name: str) -> ServiceType:
        """Parse a type.

        Raises:
            Mistakes: of the type, or of what stands above all types.
        """
        line, part = self._parts[name]
        try:
            content = loads(_TYPES + part, self._file, line - 1)
            content.refuse_others(("types",))
            sections = content.fetch("types", YamlMapping)
            _refuse_others(sections, name)
        except DefinitionError as mistake:
            raise Mistakes([mistake]) from None
        return read_types(sections, self.choices, {})[name]


def _split(types: str, line: int) -> dict[str, tuple[int, str]]:
    """The text of each type, with the line on which it begins; `line` is the first one's."""
    parts: dict[str, tuple[int, str]] = {}
    name, begin = "", 0
    for match in _BEGIN.finditer(types):
        if name and match[1] != name and match[1] not in parts:  # else it is there twice: with the type above
            parts[name] = (line, types[begin : match.start()])
            line += types.count("\n", begin, match.start())
            begin = match.start()
            name = match[1]
        name = name or match[1]
    return {**parts, name: (line, types[begin:])} if name else {}


def _refuse_others(sections: YamlMapping, name: str) -> None:
    for other in sections:
        if other != name:
            rule = "is there twice, or is not written as letters and digits with a colon behind them"
            raise DefinitionError(sections.where(other), str(other), rule)
