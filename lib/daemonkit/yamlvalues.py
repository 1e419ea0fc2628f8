"""Mappings and lists that remember the lines they were written on, and are read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from daemonkit.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Collection

T = TypeVar("T")

_REQUIRED: Any = object()
_NAMES = {bool: "true or false", int: "an integer", float: "a number", str: "text", dict: "a mapping", list: "a list"}


class YamlList(list[Any]):
    """A list of a YAML file; `where(i)` is the place of its element i."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.lines: list[int] = []

    def where(self, index: int | None = None) -> str:
        """Return "file:line" of an element, or of the list itself."""
        return f"{self.file}:{self.line if index is None else self.lines[index]}"


class YamlMapping(dict[Any, Any]):
    """A mapping of a YAML file; keys are text or integers, `where(key)` is the place of a key.

    A plain dict of defaults can stand in its place: `YamlMapping("built-in", 0)` is an empty one.
    """

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.lines: dict[Any, int] = {}

    def where(self, key: Any = None) -> str:
        """Return "file:line" of a key, or of the mapping itself when the key is absent."""
        return f"{self.file}:{self.lines.get(key, self.line)}"

    def fetch(
        self,
        key: Any,
        kind: type[T],
        default: T | None = _REQUIRED,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        choices: Collection[Any] | None = None,
    ) -> T:
        """Return the value of `key`, checked; `default` when it is absent (without a default it has to be there).

        `kind` is bool, int, float (an integer is taken too), str, YamlMapping or YamlList.

        Raises:
            DefinitionError: absent, of another kind, or outside the limits.
        """
        if key not in self:
            if default is _REQUIRED:
                raise DefinitionError(self.where(), str(key), "is missing")
            return default  # type: ignore[return-value] # None only where the caller gave None
        value = self[key]
        if kind is float and type(value) is int:
            value = float(value)
        # bool is a subclass of int, and not meant where a number is asked for.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise DefinitionError(self.where(key), str(key), f"has to be {_name(kind)}, not {_short(value)}")
        if choices is not None and value not in choices:
            allowed = ", ".join(map(str, choices))
            raise DefinitionError(self.where(key), str(key), f"has to be one of {allowed}, not {_short(value)}")
        self._check_range(key, value, minimum, maximum)
        return value

    def refuse_others(self, known: Collection[Any]) -> None:
        """Accept no key outside `known`.

        Raises:
            DefinitionError: names the first unknown key and the ones that exist.
        """
        for key in self:
            if key not in known:
                raise DefinitionError(self.where(key), str(key), f"is unknown; known are {', '.join(map(str, known))}")

    def _check_range(self, key: Any, value: Any, minimum: float | None, maximum: float | None) -> None:
        # Written so that NaN fails.
        if minimum is not None and not value >= minimum:
            raise DefinitionError(self.where(key), str(key), f"has to be at least {minimum:g}, not {_short(value)}")
        if maximum is not None and not value <= maximum:
            raise DefinitionError(self.where(key), str(key), f"has to be at most {maximum:g}, not {_short(value)}")


def _name(kind: type[Any]) -> str:
    return next((name for base, name in _NAMES.items() if issubclass(kind, base)), kind.__name__)


def _short(value: Any) -> str:
    text = repr(value)
    longest = 60  # of a wrong value: enough to find it in the line
    return text if len(text) <= longest else text[:longest] + "..."
