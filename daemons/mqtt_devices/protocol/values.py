"""Values of devices, made to fit the type of their path or refused: a text never reaches a numeric path."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.payload import check_text
from mqtt_devices.protocol.service_types import PathRule, Value, ValueKind

if TYPE_CHECKING:
    from collections.abc import Callable

# Integers go out as int32, larger ones as int64 (signature x); nothing larger exists on this bus.
_INT64_MAX = 2**63 - 1
_NUMBER = re.compile(r"[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|nan|inf|infinity)", re.IGNORECASE)
# Twice what a double in full needs.
_MAX_NUMBER_TEXT = 64
# Roles and the like: a handful of words.
MAX_LIST = 64


def coerce(value: object, rule: PathRule) -> Value:
    """Convert a JSON or D-Bus value to the type of a path.

    None means unknown and is accepted except by settings, which always have a value.

    Raises:
        Rejected: not convertible without loss of meaning, not a finite number, or outside the path's limits.
    """
    if value is None:
        if rule.persists:
            raise Rejected(Reason.WRONG_TYPE, rule.path, "a setting has a value, null is none")
        return None
    return _COERCE[rule.kind](value, rule)


def _coerce_number(value: object, rule: PathRule) -> int | float:
    number: object = value
    if isinstance(value, str):
        # Many sketches send numbers as text ("23.41").
        number = parse_number(value)
    elif isinstance(value, bool):
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise Rejected(Reason.WRONG_TYPE, rule.path, "a number")
    if not -_INT64_MAX <= number <= _INT64_MAX:
        raise Rejected(Reason.OUT_OF_RANGE, rule.path, "a finite number that fits into 64 bits")
    return number


def parse_number(text: str) -> int | float | None:
    """A number that is written as in JSON or by C's printf, else None: Python takes 1_000 and digits of all scripts."""
    text = text.strip()
    if len(text) > _MAX_NUMBER_TEXT or not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return int(number) if number.is_integer() and math.isfinite(number) else number


def _coerce_double(value: object, rule: PathRule) -> float:
    return float(_check_limits(_coerce_number(value, rule), rule))


def _coerce_integer(value: object, rule: PathRule) -> int:
    number = _coerce_number(value, rule)
    if number != int(number) and (rule.values or rule.persists):
        raise Rejected(Reason.WRONG_TYPE, rule.path, "a whole number")
    # A reading with a fraction is worth more rounded than refused.
    return int(_check_limits(round(number), rule))


def _check_limits(number: float, rule: PathRule) -> float:
    if rule.minimum is not None and number < rule.minimum:
        raise Rejected(Reason.OUT_OF_RANGE, rule.path, f"at least {rule.minimum:g}")
    if rule.maximum is not None and number > rule.maximum:
        raise Rejected(Reason.OUT_OF_RANGE, rule.path, f"at most {rule.maximum:g}")
    return number


def _coerce_text(value: object, rule: PathRule) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Rejected(Reason.WRONG_TYPE, rule.path, "text")
    return check_text(str(value), rule.path)


def _coerce_texts(value: object, rule: PathRule) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(element, str) for element in value):
        # An empty list cannot travel: D-Bus readers of this platform take any empty array for "unknown".
        raise Rejected(Reason.WRONG_TYPE, rule.path, "a list of texts, not empty")
    if len(value) > MAX_LIST:
        raise Rejected(Reason.TOO_MANY, rule.path, f"at most {MAX_LIST} texts")
    return [check_text(element, rule.path) for element in value]


_COERCE: dict[ValueKind, Callable[[object, PathRule], Value]] = {
    ValueKind.INTEGER: _coerce_integer,
    ValueKind.DOUBLE: _coerce_double,
    ValueKind.TEXT: _coerce_text,
    ValueKind.TEXTS: _coerce_texts,
}
