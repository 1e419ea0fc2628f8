"""What a definition file says beyond plain registers: derived values, commands, errors, tanks, the power limit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modbus_client.loader.fields import plain
from modbus_client.loader.registers import TABLES, read_condition, read_entry
from modbus_client.protocol.functions import Action, Command, Derived, ErrorBits, PowerLimit, Tank
from modbus_client.protocol.register import check_format

if TYPE_CHECKING:
    from modbus_client.loader.fields import Fields
    from modbus_client.loader.registers import Defaults
    from modbus_client.protocol.request import Table

_OPERATIONS = ("sum", "diff", "scale", "map", "copy", "first", "above", "bit")
_OPERANDS = {"diff": 2, "scale": 1, "map": 1, "copy": 1, "above": 1, "bit": 1}
_LEVELS = {"e", "w", "i"}


def read_derived(fields: Fields) -> Derived:
    """Read one named operation: `{path: /X, sum: [/A, /B]}`."""
    named = [name for name in _OPERATIONS if name in fields]
    if len(named) != 1:
        raise fields.error("path", f"needs exactly one operation: {', '.join(_OPERATIONS)}")
    operation = named[0]
    sources = fields.get(operation)
    sources = (sources,) if isinstance(sources, str) else fields.texts(operation)
    if not sources or len(sources) != _OPERANDS.get(operation, len(sources)):
        raise fields.error(operation, f"takes {_OPERANDS.get(operation, 'one or more')} path(s)")
    rule = Derived(
        path=fields.text("path"),
        operation=operation,  # type: ignore[arg-type]  # one of _OPERATIONS
        sources=sources,
        factor=fields.number("by", 1.0),
        table=fields.table("to", plain),
        names=fields.table("names", str),
        fmt=fields.checked("fmt", lambda: check_format(fields.text("fmt", "%s"))),
        limit=fields.number("limit", 0.0),
        when=read_condition(fields),
        fallback=fields.flag("fallback"),
    )
    fields.close()
    return rule


def read_command(fields: Fields) -> Command:
    """Read a writeable path: the values that may be written, and the writes that each causes."""
    writes = fields.fields("writes")
    if writes is None:
        raise fields.error("writes", "is missing")
    actions: dict[int, tuple[Action, ...]] = {}
    for value in writes.mapping:
        if not isinstance(value, int):
            raise writes.error(value, "the values of a command are integers")
        actions[value] = tuple(_read_action(action) for action in writes.items(value))
    initial = fields.get("initial", 0)
    if initial is not None and not isinstance(initial, int | str):
        raise fields.error("initial", "has to be an integer, or the name of a variable")
    command = Command(fields.text("path"), actions, initial, fields.flag("momentary"), read_condition(fields))
    fields.close()
    return command


def _read_action(fields: Fields) -> Action:
    if "coil" in fields:
        action = Action(fields.integer("coil"), coil=fields.flag("on"))
    else:
        action = Action(fields.integer("at"), fields.integers("words"))
        if not action.words:
            raise fields.error("words", "is missing: the register values to write")
    fields.close()
    return action


def read_errors(fields: Fields, access: Table) -> ErrorBits:
    """Read registers that report errors."""
    levels = fields.table("levels", str)
    if not levels or not set(levels.values()) <= _LEVELS:
        raise fields.error("levels", "maps numbers to e (error), w (warning) or i (information)")
    errors = ErrorBits(
        at=fields.integer("at"),
        count=fields.integer("count", 1, low=1, high=62),
        kind=fields.choice("kind", ("bits", "nibbles", "words")),
        levels=levels,
        code=fields.integer("code", 0),
        table=fields.choice("access", TABLES, access),
        when=read_condition(fields),
    )
    fields.close()
    if errors.kind == "bits" and set(levels) != {1}:
        raise fields.error("levels", "of bits has the one key 1")
    return errors


def read_tank(fields: Fields, defaults: Defaults) -> Tank:
    """Read a fuel sender."""
    raw = fields.fields("raw")
    if raw is None:
        raise fields.error("raw", "is missing: the register of the sender")
    number = fields.integer("number", 0, high=9)
    entry = read_entry(raw, defaults)
    entry = replace(entry, register=replace(entry.register, path=None, variable=f"tank {number}"))
    tank = Tank(number, entry, fields.number("min", 0.0), fields.number("max", 100.0), fields.text("unit", "%"))
    fields.close()
    return tank


def read_power_limit(fields: Fields, defaults: Defaults) -> PowerLimit:
    """Read how an inverter is told a limit."""
    register = _sub_entry(fields, "register", defaults)
    if register is None or register.register.write is None:
        raise fields.error("register", "has to be a register with 'write'")
    guard = _sub_entry(fields, "guard", defaults)
    words = fields.values("words")
    if not all(word == "limit" or (isinstance(word, int) and word >= 0) for word in words):
        raise fields.error("words", "has to be a list of register values and the word 'limit'")
    limit = PowerLimit(
        register=register.register,
        rated_w=fields.number("rated", None),
        minimum_percent=fields.number("minimum", 0.0),
        words=tuple(words) or ("limit",),
        guard=guard.register if guard else None,
        guard_value=fields.integer("guard_value", 0),
        interval_s=fields.number("interval", 5.0),
        safe_percent=fields.number("safe", 100.0),
        model=register.model,
    )
    fields.close()
    return limit


def _sub_entry(fields: Fields, key: str, defaults: Defaults) -> Any:
    entry = fields.fields(key)
    return None if entry is None else read_entry(entry, defaults)
