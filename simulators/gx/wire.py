"""Values as they travel on a Venus D-Bus: variants in, plain Python out, and the text beside a value."""

from __future__ import annotations

from typing import Any, Final

from dbus_fast import Variant

BUS_ITEM: Final = "com.victronenergy.BusItem"
INVALID_TEXT: Final = "---"

INT32: Final = range(-(2**31), 2**31)
INT64: Final = range(-(2**63), 2**63)


def invalid() -> Variant:
    """The "no value" of Venus: an empty array of int32."""
    return Variant("ai", [])


def to_variant(value: Any) -> Variant:
    """Wrap a plain value; None is the invalid value, ints beyond 32 bits go out as int64.

    Raises TypeError for what Venus has no wire form for: objects, and lists of mixed or nested types.
    """
    match value:
        case None:
            return invalid()
        case bool():
            return Variant("b", value)
        case int():
            return Variant(_int_signature(value), value)
        case float():
            return Variant("d", value)
        case str():
            return Variant("s", value)
        case list() | tuple():
            return _array_variant(list(value))
    raise TypeError(f"{type(value).__name__} has no wire form")


def _int_signature(value: int) -> str:
    if value in INT32:
        return "i"
    if value in INT64:
        return "x"
    raise TypeError(f"{value} is beyond 64 bits")


def _array_variant(values: list[Any]) -> Variant:
    if not values:
        return Variant("au", [])  # every reader takes any empty array for invalid, whatever its element type
    signatures = {to_variant(value).signature for value in values}
    if signatures == {"i", "x"}:
        signatures = {"x"}
    if len(signatures) != 1 or not signatures <= {"b", "i", "x", "d", "s"}:
        raise TypeError("only lists of one simple type have a wire form")
    return Variant("a" + signatures.pop(), values)


def to_plain(value: Any) -> Any:
    """Unwrap variants at every depth. An empty array of any type is invalid, thus None."""
    match value:
        case Variant():
            return to_plain(value.value)
        case list() | tuple():
            return [to_plain(element) for element in value] or None
        case bytes():
            return list(value) or None
        case dict():
            return {key: to_plain(element) for key, element in value.items()}
    return value


def to_text(value: Any) -> str:
    """The text of a value that has no unit."""
    if value is None:
        return INVALID_TEXT
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def below(path: str) -> str:
    """The prefix that the paths below an object share."""
    return "/" if path == "/" else path + "/"
