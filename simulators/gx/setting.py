"""One setting: its type, its limits, its value, and how localsettings converts what is written to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from simulators.gx.wire import INT64

TYPES: Final[dict[str, type[int | float | str]]] = {"i": int, "f": float, "s": str}
"""The three types of localsettings by their letter (the letter of AddSetting and of the settings file)."""

TYPE_OF_SIGNATURE: Final = {"i": "i", "x": "i", "d": "f", "s": "s"}
"""Setting type by the D-Bus type of an AddSettings default; any other default is refused."""

NULL_AS_TEXT: Final = "dbus.Array([], signature=dbus.Signature('i'), variant_level=1)"
"""What localsettings stores when the invalid value is written to a string setting: the text of a Python object."""

Value = int | float | str


@dataclass(slots=True)
class Setting:
    """A setting. A limit of None means that this side is open; strings have no limits."""

    kind: str
    default: Value
    value: Value
    minimum: Value | None = None
    maximum: Value | None = None
    silent: bool = False

    @property
    def attributes(self) -> tuple[Any, ...]:
        """All but type and value: what AddSettings may replace on an existing setting."""
        return (self.default, self.minimum, self.maximum, self.silent)

    def is_allowed(self, value: Value) -> bool:
        """Whether a converted value lies within the limits."""
        return is_within(value, self.minimum, self.maximum)


def convert(kind: str, value: Any) -> Value:
    """Cast as localsettings does: "5" and 5.7 both become 5 for an integer setting.

    Raises ValueError, TypeError or OverflowError when there is no such cast.
    """
    if kind == "s":
        return _as_string(value)
    if isinstance(value, dict | list) or value is None:
        raise TypeError(f"no number: {value!r}")
    number = TYPES[kind](value)
    if isinstance(number, int) and number not in INT64:
        raise OverflowError(f"{number} is beyond 64 bits")
    return number


def _as_string(value: Any) -> str:
    if value is None:
        return NULL_AS_TEXT
    if isinstance(value, bool):
        return str(int(value))  # a D-Bus boolean prints as a digit in dbus-python
    return str(value)


def convert_limits(kind: str, minimum: Any, maximum: Any) -> tuple[Value | None, Value | None]:
    """The limits of a new setting: None is open, 0 and 0 together mean no limits. Raises as convert()."""
    if kind == "s":
        return None, None
    low = None if minimum is None else convert(kind, minimum)
    high = None if maximum is None else convert(kind, maximum)
    if low == 0 and high == 0:
        return None, None
    return low, high


def is_within(value: Value, minimum: Value | None, maximum: Value | None) -> bool:
    """Whether a value lies within limits of its own type."""
    if isinstance(value, str):
        return True
    return not (
        (isinstance(minimum, int | float) and value < minimum) or (isinstance(maximum, int | float) and value > maximum)
    )
