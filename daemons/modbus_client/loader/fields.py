"""Reading one YAML mapping field by field; what nobody asked for is refused at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from daemonkit.errors import DefinitionError
from daemonkit.yamlvalues import YamlList, YamlMapping
from modbus_client.protocol.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
REQUIRED: Any = object()
WIDEST = 0xFFFF
"""Addresses and register values are 16 bits wide."""


class Fields:
    """One mapping of a definition, which remembers what was asked for. Without a default a key is required.

    Every getter raises DefinitionError with file, line and rule when the value is not of its kind.
    """

    def __init__(self, mapping: YamlMapping) -> None:
        self.mapping = mapping
        self._asked: dict[Any, None] = {}

    def __contains__(self, key: Any) -> bool:
        self._asked[key] = None
        return key in self.mapping

    def error(self, key: Any, rule: str) -> DefinitionError:
        """Return the complaint about one key."""
        return DefinitionError(self.mapping.where(key), str(key), rule)

    def get(self, key: Any, default: Any = REQUIRED) -> Any:
        """Return a value as it stands in the file."""
        return self._fetch(key, object, default)

    def text(self, key: Any, default: Any = REQUIRED) -> Any:
        """Return a text."""
        return self._fetch(key, str, default)

    def flag(self, key: Any) -> bool:
        """Return true or false; false when it is absent."""
        return bool(self._fetch(key, bool, False))

    def integer(self, key: Any, default: Any = REQUIRED, *, low: int = 0, high: int = WIDEST) -> Any:
        """Return an integer of low..high."""
        return self._fetch(key, int, default, minimum=low, maximum=high)

    def number(self, key: Any, default: Any = REQUIRED) -> Any:
        """Return a float; a fraction is written as text, `1/3600`."""
        value = self.get(key, default)
        if isinstance(value, str) and "/" in value:
            try:
                numerator, denominator = value.split("/")
                return int(numerator) / int(denominator)
            except (ValueError, ZeroDivisionError):
                raise self.error(key, "has to be a number or a fraction such as 1/3600") from None
        return self._fetch(key, float, default)

    def choice(self, key: Any, choices: tuple[str, ...], default: Any = REQUIRED) -> Any:
        """Return one of some words."""
        return self._fetch(key, str, default, choices=choices)

    def fields(self, key: Any) -> Fields | None:
        """Return a mapping inside this one, None when it is absent."""
        value = self._fetch(key, YamlMapping, None)
        return None if value is None else Fields(value)

    def table(self, key: Any, convert: Callable[[Any], T]) -> dict[Any, T]:
        """Return a mapping as a dict with converted values; empty when it is absent."""
        value = self._fetch(key, YamlMapping, None)
        return {} if value is None else {k: convert(v) for k, v in value.items()}

    def items(self, key: Any) -> Iterator[Fields]:
        """Yield the mappings of a list."""
        for value in self.values(key):
            if not isinstance(value, YamlMapping):
                raise self.error(key, "has to be a list of mappings")
            yield Fields(value)

    def values(self, key: Any) -> YamlList:
        """Return a list; empty when it is absent."""
        value: YamlList | None = self._fetch(key, YamlList, None)
        return YamlList(self.mapping.file, self.mapping.line) if value is None else value

    def texts(self, key: Any) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(self._each(key, str, "texts"))

    def integers(self, key: Any) -> tuple[int, ...]:
        """Return a list of integers."""
        return tuple(self._each(key, int, "integers"))

    def checked(self, key: Any, make: Callable[[], T]) -> T:
        """Return what `make` gives; its RuleError becomes a complaint about this key."""
        try:
            return make()
        except RuleError as error:
            raise self.error(key, str(error)) from None

    def close(self) -> None:
        """Refuse every key that no getter asked for."""
        self.mapping.refuse_others(tuple(self._asked))

    def _fetch(self, key: Any, kind: type, default: Any, **limits: Any) -> Any:
        self._asked[key] = None
        if default is REQUIRED:
            return self.mapping.fetch(key, kind, **limits)
        return self.mapping.fetch(key, kind, default, **limits)

    def _each(self, key: Any, kind: type, name: str) -> list[Any]:
        values = self.values(key)
        for place, value in enumerate(values):
            if not isinstance(value, kind) or isinstance(value, bool):
                raise DefinitionError(values.where(place), str(key), f"has to be a list of {name}")
        return values


def plain(value: Any) -> Any:
    """Return a YAML value without its places: lists as tuples, mappings as dicts."""
    if isinstance(value, YamlList):
        return tuple(plain(each) for each in value)
    if isinstance(value, YamlMapping):
        return {key: plain(each) for key, each in value.items()}
    return value
