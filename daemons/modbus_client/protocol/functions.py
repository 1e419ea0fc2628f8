"""What a definition says beyond registers: computed values, commands, errors, tanks, an inverter's limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from modbus_client.protocol.condition import ALWAYS, Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modbus_client.protocol.entry import Entry
    from modbus_client.protocol.register import Register
    from modbus_client.protocol.request import Table

Operation = Literal["sum", "diff", "scale", "map", "copy", "first", "above", "bit"]


@dataclass(frozen=True, slots=True)
class Derived:
    """A value computed from others by a named operation."""

    path: str
    operation: Operation
    sources: tuple[str, ...]
    factor: float = 1.0
    table: Mapping[Any, Any] = field(default_factory=dict)
    names: Mapping[Any, str] = field(default_factory=dict)
    fmt: str = "%s"
    limit: float = 0.0
    when: Condition = ALWAYS
    fallback: bool = False  # only while the path has no value of its own


@dataclass(frozen=True, slots=True)
class Action:
    """One write that a command makes: registers, or a coil."""

    at: int
    words: tuple[int, ...] = ()
    coil: bool | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A writeable path that is no plain register: each value that may be written, and what it does."""

    path: str
    actions: Mapping[int, tuple[Action, ...]]
    initial: int | str | None = 0  # a number, or the fact to start from
    momentary: bool = False  # a key to press: what is written is not shown
    when: Condition = ALWAYS


@dataclass(frozen=True, slots=True)
class ErrorBits:
    """Registers whose bits, nibbles or words stand for error codes."""

    at: int
    count: int
    kind: Literal["bits", "nibbles", "words"]
    levels: Mapping[int, str]  # nibble or word value -> e, w, i; for bits key 1; a word's 0 stands for any other
    code: int = 0  # of the first bit, nibble or word
    table: Table = "holding"
    when: Condition = ALWAYS


@dataclass(frozen=True, slots=True)
class Tank:
    """A fuel sender inside a genset controller; a tank service of its own."""

    number: int
    entry: Entry  # its raw value
    raw_min: float = 0.0
    raw_max: float = 100.0
    unit: str = "%"


@dataclass(frozen=True, slots=True)
class PowerLimit:
    """How an inverter takes a limit of its output, commanded in W on /Ac/PowerLimit."""

    register: Register  # percent of `rated`
    rated_w: float | None  # None: from /Ac/MaxPower
    minimum_percent: float = 0.0
    words: tuple[int | str, ...] = ("limit",)  # written from the register on; "limit" stands for the encoded value
    guard: Register | None = None  # read before each write
    guard_value: int = 0  # the value that proves that nothing is stored in flash
    interval_s: float = 5.0  # between two writes
    safe_percent: float = 100.0
    model: tuple[int, ...] = ()  # SunSpec: addresses count from this model's header
