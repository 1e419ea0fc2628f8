"""YAML as a data format, strictly: every complaint names file and line.

Scalars follow the core schema of YAML 1.2: only true and false are booleans (no, off and 12:30 stay text), and there
are no dates. Duplicate keys, tags, merge keys and aliases that multiply are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from daemonkit.errors import DefinitionError
from daemonkit.yamladvice import advise
from daemonkit.yamlvalues import YamlList, YamlMapping

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["YamlList", "YamlMapping", "load", "loads"]

SIZE_LIMIT_BYTES = 1_000_000  # the largest definition file of the suite has about 60 kB
NODES_LIMIT = 100_000  # counted after aliases are followed: "a billion laughs" stops here
DEPTH_LIMIT = 32  # also ends an alias that contains itself

_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (as PyYAML declares it)


# YAML 1.2.2, 10.3.2 (core schema), without octals: 0o17 stays text, which a field that wants a number refuses.
for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("int", r"[-+]?[0-9]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z"), list(_first))

_CONVERSIONS: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: text.lower() == "true",
    "null": lambda _: None,
    "int": lambda text: int(text, 16 if text.startswith("0x") else 10),
    "float": lambda text: float(text.lower().replace(".inf", "inf").replace(".nan", "nan")),
    "str": str,
}


def load(path: Path) -> YamlMapping:
    """Return the content of a YAML file, whose top level has to be a mapping (an empty file is an empty one).

    Raises:
        DefinitionError: it cannot be read, or is no such YAML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT_BYTES + 1)
        text = content.decode()
    except OSError as error:
        raise DefinitionError(str(path), "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DefinitionError(f"{path}:{line}", "", "is not UTF-8 text") from None
    return loads(text, str(path))


def loads(text: str, name: str, first_line: int = 1) -> YamlMapping:
    """Return the content of YAML text; `name` stands for the file in messages. As `load` otherwise.

    `first_line` is the line of the file on which `text` begins.
    """
    if len(text) > SIZE_LIMIT_BYTES:
        raise DefinitionError(name, "", f"is larger than {SIZE_LIMIT_BYTES} bytes")
    try:
        node = _compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DefinitionError(
            f"{name}:{first_line + mark.line if mark else first_line}", "", advise(str(error.problem))
        ) from None
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        raise DefinitionError(f"{name}:{line}", "", f"the character {error.character:#x} is not allowed") from None
    except RecursionError:
        raise DefinitionError(f"{name}:{first_line}", "", f"is nested deeper than {DEPTH_LIMIT} levels") from None
    if node is None:
        return YamlMapping(name, first_line)
    value = _Reader(name, first_line).read(node, 0)
    if not isinstance(value, YamlMapping):
        raise DefinitionError(
            f"{name}:{first_line + node.start_mark.line}",
            "",
            "has to be a mapping at the top: key, colon, blank, value",
        )
    return value


def _compose(text: str) -> Node | None:
    loader = _Loader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


class _Reader:
    """Turns the nodes of one file into values; counts them."""

    def __init__(self, name: str, first_line: int) -> None:
        self._name = name
        self._first_line = first_line
        self._nodes = 0

    def read(self, node: Node, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > NODES_LIMIT:
            raise self._error(node, f"holds more than {NODES_LIMIT} values once aliases are followed")
        if depth > DEPTH_LIMIT:
            raise self._error(node, f"is nested deeper than {DEPTH_LIMIT} levels")
        if isinstance(node, MappingNode):
            return self._read_mapping(node, depth)
        if isinstance(node, SequenceNode):
            return self._read_list(node, depth)
        return self._read_scalar(node)

    def _read_mapping(self, node: MappingNode, depth: int) -> YamlMapping:
        self._require_tag(node, "map")
        mapping = YamlMapping(self._name, self._line(node))
        for key_node, value_node in node.value:
            key = self._read_key(key_node)
            if key in mapping:
                raise self._error(key_node, f"is given twice, first in line {mapping.lines[key]}", str(key))
            mapping.lines[key] = self._line(key_node)
            mapping[key] = self.read(value_node, depth + 1)
        return mapping

    def _read_key(self, node: Node) -> str | int:
        key = self._read_scalar(node) if isinstance(node, ScalarNode) else None
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise self._error(node, "a key has to be text or an integer")
        if key == "<<":
            raise self._error(node, "merge keys are not part of this format")
        return key

    def _read_list(self, node: SequenceNode, depth: int) -> YamlList:
        self._require_tag(node, "seq")
        items = YamlList(self._name, self._line(node))
        for child in node.value:
            items.lines.append(self._line(child))
            items.append(self.read(child, depth + 1))
        return items

    def _read_scalar(self, node: Node) -> Any:
        convert = _CONVERSIONS.get(node.tag.removeprefix(_TAG)) if node.tag.startswith(_TAG) else None
        if convert is None:
            raise self._error(node, f"the tag {node.tag} is not part of this format")
        try:
            return convert(node.value)
        except ValueError:  # "!!int text", or more digits than Python converts
            raise self._error(node, f"is no {node.tag.removeprefix(_TAG)}") from None

    def _require_tag(self, node: Node, kind: str) -> None:
        if node.tag != _TAG + kind:
            raise self._error(node, f"the tag {node.tag} is not part of this format")

    def _error(self, node: Node, rule: str, field: str = "") -> DefinitionError:
        return DefinitionError(f"{self._name}:{self._line(node)}", field, rule)

    def _line(self, node: Node) -> int:
        return self._first_line + int(node.start_mark.line)
