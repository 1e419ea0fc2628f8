"""Register entries and conditions of a definition file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from modbus_client.loader.fields import plain
from modbus_client.protocol.condition import ALWAYS, Condition
from modbus_client.protocol.entry import Entry
from modbus_client.protocol.errors import RuleError
from modbus_client.protocol.register import Register, WriteRule, check_format
from modbus_client.protocol.version import parse_version_text
from modbus_client.protocol.words import parse_type

if TYPE_CHECKING:
    from modbus_client.loader.fields import Fields
    from modbus_client.protocol.definition import Timing
    from modbus_client.protocol.request import Table
    from modbus_client.protocol.words import WordType

FAST_PATH = re.compile(r"/Ac/(L([1-3]|\{n\})/)?Power")
"""What an energy management system steers by: polled at the family's fast age."""
_PATH = re.compile(r"(/[A-Za-z0-9_{}]+)+")
_RANGE = re.compile(r"(-?\w+)\.\.(-?\w+)")
_VERSION_TEST = re.compile(r"(>=|<) ?(\S+)")
TABLES = ("holding", "input")


@dataclass(frozen=True, slots=True)
class TypeAlias:
    """A type that a definition gave a name of its own, with its invalid values."""

    type: WordType
    invalid: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What register entries of one definition inherit."""

    access: Table
    timing: Timing
    types: dict[str, TypeAlias] = field(default_factory=dict)


def read_type_alias(fields: Fields) -> TypeAlias:
    """Read one entry of `types`."""
    alias = TypeAlias(fields.checked("type", lambda: parse_type(fields.text("type"))), read_ranges(fields, "invalid"))
    fields.close()
    return alias


def read_entry(fields: Fields, defaults: Defaults, **fixed: Any) -> Entry:
    """Read one register entry; `fixed` overrides parts of the register."""
    register = replace(_read_register(fields, defaults), **fixed)
    repeat = fields.get("repeat", None)
    if repeat is not None and not isinstance(repeat, str):
        repeat = fields.integers("repeat")
    if (repeat is None) != ("{n}" not in (register.path or "{n}" * (repeat is not None))):
        raise fields.error("path", "'{n}' in a path and the key 'repeat' belong together")
    step = fields.integer("step", 0, low=-1000, high=1000)
    model = fields.get("model", None)
    models = () if model is None else (model,) if isinstance(model, int) else fields.integers("model")
    entry = Entry(register, read_condition(fields), repeat, step, models)
    fields.close()
    return entry


def _read_register(fields: Fields, defaults: Defaults) -> Register:
    path = fields.get("path", None)
    variable = fields.text("variable", None)
    if path is not None and (not isinstance(path, str) or not _PATH.fullmatch(path)):
        raise fields.error("path", "has to look like /Ac/L1/Power")
    if path is None and variable is None:
        raise fields.error("path", "an entry needs a path, or a variable")
    word_type, invalid = _read_type(fields, defaults)
    invalid = read_ranges(fields, "invalid") or invalid
    fast = path is not None and FAST_PATH.fullmatch(path) is not None
    age = defaults.timing.fast_age_s if fast else defaults.timing.age_s
    mapping = fields.table("map", plain) if "map" in fields else None
    return Register(
        path=path,
        at=fields.integer("at"),
        type=word_type,
        table=fields.choice("access", TABLES, defaults.access),
        aliases=fields.texts("alias"),
        mul=fields.number("mul", None),
        div=_divisor(fields),
        add=fields.number("add", 0.0),
        scale_at=fields.integer("scale_at", None),
        scale_bias=fields.integer("scale_bias", 0, low=-10, high=10),
        invalid=invalid,
        map=mapping,
        names=fields.table("names", str),
        fmt=fields.checked("fmt", lambda: check_format(fields.text("fmt", "%s"))),
        age_s=fields.number("age", age),
        optional=fields.flag("optional"),
        write=read_write_rule(fields, word_type, mapping),
        reprepare=fields.flag("reprepare"),
        variable=variable,
    )


def _divisor(fields: Fields) -> float | None:
    value: float | None = fields.number("div", None)
    if value == 0:
        raise fields.error("div", "cannot be zero")
    return value


def _read_type(fields: Fields, defaults: Defaults) -> tuple[WordType, tuple[tuple[int, int], ...]]:
    name = fields.text("type")
    bit = fields.integer("bit", None, high=15)
    if name in defaults.types:
        return defaults.types[name].type, defaults.types[name].invalid
    return fields.checked("type", lambda: parse_type(name, bit=bit)), ()


def read_ranges(fields: Fields, key: str) -> tuple[tuple[int, int], ...]:
    """Read raw values and `low..high` ranges."""
    values = fields.values(key)
    return fields.checked(key, lambda: tuple(parse_range(value) for value in values))


def parse_range(value: Any) -> tuple[int, int]:
    """Return (low, high) of an integer or of `low..high`. Raises RuleError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value, value
    if isinstance(value, str) and (match := _RANGE.fullmatch(value)):
        try:
            low, high = int(match[1], 0), int(match[2], 0)
        except ValueError:
            low, high = 1, 0
        if low <= high:
            return low, high
    raise RuleError(f"{value!r} is neither an integer nor a range such as 0xFFF8..0xFFFF")


def read_write_rule(fields: Fields, word_type: WordType, mapping: dict[Any, Any] | None) -> WriteRule | None:
    """Read the key `write`: `any`, `enum` (what `map` or `names` hold), or a mapping of limits."""
    value = fields.get("write", None)
    if value is None:
        return None
    if value == "any":
        return WriteRule()
    if value == "enum":
        names = fields.table("names", str)
        published = list(mapping.values()) if mapping is not None else list(names)
        if not published:
            raise fields.error("write", "'enum' needs 'map' or 'names'")
        return WriteRule(values=tuple(published))
    limits = fields.fields("write")
    if limits is None:  # pragma: no cover - fields() has complained
        return None
    if word_type.kind not in {"int", "float", "text"}:
        raise fields.error("write", f"a register of type {word_type.name} cannot be written")
    rule = WriteRule(
        minimum=limits.number("min", None),
        maximum=limits.number("max", None),
        values=limits.integers("values") or None,
        many=limits.flag("many"),
        read_back=limits.flag("read_back"),
        vreg=limits.integer("vreg", None),
        vreg_size=limits.integer("vreg_size", None, low=1, high=8),
        wears=limits.flag("wears"),
        opt_in=limits.text("opt_in", None),
    )
    limits.close()
    if rule.wears and rule.opt_in is None:
        raise limits.error("wears", "a register that wears needs 'opt_in', the option that allows to write it")
    return rule


def read_condition(fields: Fields) -> Condition:
    """Read the key `when`: facts that must be equal, `firmware: '>= 1.21~1'`, `known: [fact]`."""
    when = fields.fields("when")
    if when is None:
        return ALWAYS
    equals = []
    known = when.texts("known")
    low, high = _read_firmware(when)
    for key in when.mapping:
        value = when.get(str(key))
        if key not in {"firmware", "known"}:
            equals.append((str(key), plain(value) if isinstance(value, list) else (value,)))
    return Condition(tuple(equals), low, high, known)


def _read_firmware(when: Fields) -> tuple[Any, Any]:
    text = when.text("firmware", None)
    if text is None:
        return None, None
    if not (match := _VERSION_TEST.fullmatch(text)):
        raise when.error("firmware", "has to be '>= 1.21~1' or '< 1.21'")
    version = when.checked("firmware", lambda: parse_version_text(match[2]))
    return (version, None) if match[1] == ">=" else (None, version)
