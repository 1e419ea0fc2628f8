"""What a service type offers: its paths and the rule of each value. Filled from services.yml."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from mqtt_devices.protocol.lazy_types import LazyTypes
from mqtt_devices.protocol.staleness import Staleness

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mqtt_devices.errors import Mistakes

# Of numbers without `decimals`: hides what adding floats leaves behind.
_MAX_DECIMALS = 6

# Of most paths: one for all of them.
NO_VALUES: Mapping[int, str] = MappingProxyType({})

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
    values: Mapping[int, str] = field(default_factory=lambda: NO_VALUES)
    writeable: bool = True
    is_steering: bool = False  # Venus OS controls power by it
    is_cyclic: bool = False  # Venus OS writes it again and again
    is_locked: bool = False  # steering, and not enabled
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


# What may stand for {id}: few enough that no device can fill the memory with made-up outputs.
_FAMILY_ID = re.compile(r"(?:(?:output|relay|pwm)_)?[0-9]{1,2}")
FAMILY = "{id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """A path that is worked out from others: their sum or product, times `scale`."""

    path: str
    operation: str  # "sum" or "product"
    of: tuple[str, ...]
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A reading that the user corrects by two settings: what the device sends, times `scale`, plus `offset`."""

    path: str
    scale: str
    offset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRule:
    """An alarm on the reading `of`: its State follows from Enable, Active, Restore and Delay, all below `path`."""

    path: str
    of: str
    is_high: bool


# What stands below the path of an alarm.
ALARM_SETTINGS = ("Enable", "Active", "Restore", "Delay")
ALARM_STATE = "State"


@dataclass(frozen=True, slots=True)
class ServiceType:
    """One D-Bus service type; paths without leading slash; values go out at most every `interval_s`."""

    name: str
    paths: Mapping[str, PathRule]
    interval_s: float = 1.0
    staleness: Staleness = field(default_factory=Staleness)
    derivations: tuple[Derivation, ...] = ()
    calibrations: tuple[Calibration, ...] = ()
    alarms: tuple[AlarmRule, ...] = ()
    # Paths with {id}, which exist once the device has sent them.
    families: Mapping[str, PathRule] = field(default_factory=dict)
    product_id: int = 0xFFFF
    custom_name: str = ""
    is_steering: bool = False
    is_locked: bool = False  # steering, and not enabled

    def find(self, path: str) -> PathRule | None:
        """The rule of a path, None when this type has none such."""
        rule = self.paths.get(path)
        if rule is not None or not self.families:
            return rule
        segments = path.split("/")
        for number, segment in enumerate(segments):
            if _FAMILY_ID.fullmatch(segment):
                family = "/".join((*segments[:number], FAMILY, *segments[number + 1 :]))
                if family in self.families:
                    return replace(self.families[family], path=path)
        return None


def apply_locks(
    types: Mapping[str, ServiceType],
    enabled: Collection[str],
    on_broken: Callable[[Mistakes], None] | None = None,
) -> LazyTypes:
    """The types with all that steers power locked, but for those that are enabled; `on_broken`: see LazyTypes."""

    def read(name: str) -> ServiceType:
        return types[name] if name in enabled else _lock(types[name])

    return LazyTypes(types, read, on_broken)


def _lock(kind: ServiceType) -> ServiceType:
    if not kind.is_steering and not any(rule.is_steering for rule in kind.paths.values()):
        return kind
    paths = {
        path: replace(rule, is_locked=True, writeable=False) if rule.is_steering else rule
        for path, rule in kind.paths.items()
    }
    return replace(kind, paths=paths, is_locked=kind.is_steering)
