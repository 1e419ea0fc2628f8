"""What a service type offers: its paths and the rule of each value. Filled from services.yml."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mqtt_devices.protocol.staleness import Staleness

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of numbers without `decimals`: hides what adding floats leaves behind.
_MAX_DECIMALS = 6

Value = int | float | str | list[str] | None


class ValueKind(StrEnum):
    """The D-Bus type of a path, by its signature."""

    INTEGER = "i"
    DOUBLE = "d"
    TEXT = "s"
    TEXTS = "as"


class Role(StrEnum):
    """Who determines a path's value."""

    READING = "reading"  # the device, as it measures
    PROPERTY = "property"  # the device, as it is made: does not become too old
    COUNTER = "counter"  # the device, adding up: survives restarts in localsettings, where it is written rarely
    SETTING = "setting"  # the user: kept in localsettings, survives everything
    COMMAND = "command"  # the user, now: never kept, never replayed


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRule:
    """One path of a service type; `path` without leading slash."""

    path: str
    kind: ValueKind
    role: Role = Role.READING
    unit: str = ""
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    default: Value = None
    values: Mapping[int, str] = field(default_factory=dict)
    writeable: bool = True
    is_hexadecimal: bool = False
    description: str = ""

    @property
    def persists(self) -> bool:
        """Whether localsettings keeps the value."""
        return self.role in (Role.SETTING, Role.COUNTER)

    @property
    def is_users(self) -> bool:
        """Whether the user determines the value, and the device is to hear of it."""
        return self.role in (Role.SETTING, Role.COMMAND)

    def format_text(self, value: Value) -> str:
        """The value as people read it: name of a choice, or number with unit."""
        if value is None:
            return "---"
        if isinstance(value, list):
            return ", ".join(value)
        if isinstance(value, int) and value in self.values:
            return self.values[value]
        if self.is_hexadecimal and isinstance(value, int):
            return f"0x{value:X}"
        text = self._format_number(value) if isinstance(value, float) else str(value)
        return f"{text} {self.unit}" if self.unit else text

    def _format_number(self, number: float) -> str:
        return f"{number:.{self.decimals}f}" if self.decimals is not None else str(round(number, _MAX_DECIMALS))


@dataclass(frozen=True, slots=True)
class ServiceType:
    """One D-Bus service type; `paths` by path without leading slash; values go out at most every `interval_s`."""

    name: str
    paths: Mapping[str, PathRule]
    interval_s: float = 1.0
    staleness: Staleness = field(default_factory=Staleness)
