"""Values as Venus programs put them on D-Bus, and back. Pure: knows neither a bus nor a D-Bus library.

An unknown value is None in Python and an *empty array of int32* on the wire. All readers take any empty array for
unknown, so an empty list cannot be transported: it arrives as None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

INT32 = range(-(2**31), 2**31)
INT64 = range(-(2**63), 2**63)

# One value's text or array, in bytes. Any item must fit into a message, of which a bus daemon takes 32 MiB.
MAX_VALUE_BYTES = 32 * 1024
MAX_ELEMENTS = MAX_VALUE_BYTES // 8  # of an array: a double and an int64 take 8 bytes


class Variant(NamedTuple):
    """A value together with its D-Bus signature: what goes where a signature says ``v``."""

    signature: str
    value: Any


INVALID = Variant("ai", [])


def check_text(text: str) -> str:
    """Returns the text if D-Bus can carry it.

    Raises:
        ValueError: It holds a NUL character or a lone surrogate (the bus daemon would end the connection), or is
            longer than MAX_VALUE_BYTES.
    """
    if text.isascii() and "\0" not in text and len(text) <= MAX_VALUE_BYTES:
        return text  # nearly all are; this runs for each published value
    if "\0" in text:
        raise ValueError("text with a NUL character cannot be sent over D-Bus")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ValueError("text with a lone surrogate cannot be sent over D-Bus") from error
    if size > MAX_VALUE_BYTES:
        raise ValueError(f"text of {size} bytes; the limit is {MAX_VALUE_BYTES}")
    return text


def cut_text(text: str) -> str:
    """Returns as much of a text as `check_text` lets pass, for a text that is for looking at only."""
    if len(text) <= MAX_VALUE_BYTES // 4:  # a character takes 4 bytes at most
        return text
    return text.encode()[:MAX_VALUE_BYTES].decode(errors="ignore")


def make_variant(value: Any) -> Variant:
    """Chooses the D-Bus type for a plain value.

    None and empty sequences give INVALID; int gives ``i``, beyond 32 bits ``x``; float ``d``; bool ``b``; str ``s``;
    bytes ``ay``; a list or tuple of one kind ``ai``, ``ax``, ``ad`` or ``as``; a mapping ``a{sv}``. A Variant, ours or
    that of a D-Bus library, is taken at its word.

    Raises:
        ValueError: D-Bus, or what Venus makes of it, has no way to carry the value.
    """
    if isinstance(value, Variant):
        return value
    if value is None:
        return INVALID
    if isinstance(value, Mapping):
        return Variant("a{sv}", {str(key): make_variant(inner) for key, inner in value.items()})
    if isinstance(value, list | tuple | bytes | bytearray):
        return _make_array(value) if value else INVALID
    if isinstance(value, bool | int | float | str):
        return Variant(_signature_of_scalar(value), value)
    if isinstance(getattr(value, "signature", None), str) and hasattr(value, "value"):
        return Variant(value.signature, value.value)
    raise ValueError(f"a {type(value).__name__} cannot be sent over D-Bus")


def _signature_of_scalar(value: float | str) -> str:
    if isinstance(value, bool):
        return "b"
    if isinstance(value, int):
        return integer_signature(value)
    if isinstance(value, float):
        return "d"
    check_text(value)
    return "s"


def integer_signature(value: int) -> str:
    """``i`` or ``x``, whichever is the smallest that holds the value.

    Raises:
        ValueError: The value needs more than 64 bits.
    """
    if value in INT32:
        return "i"
    if value in INT64:
        return "x"
    raise ValueError(f"{value} needs more than 64 bits")


def _make_array(values: Sequence[Any]) -> Variant:
    limit = MAX_VALUE_BYTES if isinstance(values, bytes | bytearray) else MAX_ELEMENTS
    if len(values) > limit:
        raise ValueError(f"{len(values)} elements; the limit is {limit}")
    if isinstance(values, bytes | bytearray):
        return Variant("ay", bytes(values))
    values = list(values)
    if all(isinstance(value, int) for value in values):
        return Variant("ax" if any(integer_signature(value) == "x" for value in values) else "ai", values)
    if all(isinstance(value, int | float) for value in values):
        return Variant("ad", [float(value) for value in values])
    if all(isinstance(value, str) for value in values):
        check_text("".join(values))  # together no more than one text
        return Variant("as", values)
    raise ValueError("a list for D-Bus needs elements of one kind: all int, all float or all str")


def from_wire(value: Any) -> Any:
    """Returns a received value as programs use it: an empty array of whatever type is None."""
    return None if isinstance(value, list | bytes) and not value else value


def finite(value: float) -> float:
    """Returns the number if it is one.

    Raises:
        ValueError: Not a number, or infinite. Venus has no use for either: unknown is None.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no usable number; unknown is None")
    return value


@lru_cache(maxsize=128)  # a program uses a handful of signatures
def split_signature(signature: str) -> tuple[str, ...]:
    """Splits a signature into its complete types: ``sa{sv}i`` into ``s``, ``a{sv}``, ``i``."""
    types: list[str] = []
    start = depth = 0
    for position, char in enumerate(signature):
        if char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        if depth == 0 and char != "a":
            types.append(signature[start : position + 1])
            start = position + 1
    return tuple(types)


def wrap(signature: str, body: Sequence[Any], make: Callable[[str, Any], Any] = Variant) -> list[Any]:
    """Prepares plain values for a message: where the signature says ``v`` each value becomes `make(type, value)`.

    Raises:
        ValueError: The number of values is not the signature's, or a value does not fit its type.
    """
    types = split_signature(signature)
    if len(types) != len(body):
        raise ValueError(f'signature "{signature}" wants {len(types)} values, got {len(body)}')
    return [_wrap(one, value, make) for one, value in zip(types, body, strict=True)]


def unwrap(value: Any) -> Any:
    """Replaces every Variant, at any depth, by its value."""
    if isinstance(value, Variant):
        return unwrap(value.value)
    if isinstance(value, dict):
        return {key: unwrap(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [unwrap(element) for element in value]
    return value


def _wrap(one: str, value: Any, make: Callable[[str, Any], Any]) -> Any:
    fit = _FIT.get(one)
    if fit is not None:
        return fit(value)
    if one == "v":
        variant = make_variant(value)
        return make(variant.signature, _wrap(variant.signature, variant.value, make))
    if one.startswith("a{") and isinstance(value, Mapping):
        key_type, inner = split_signature(one[2:-1])
        return {_wrap(key_type, key, make): _wrap(inner, element, make) for key, element in value.items()}
    if one.startswith("a") and isinstance(value, list | tuple):
        return [_wrap(one[1:], element, make) for element in value]
    if one.startswith("(") and isinstance(value, list | tuple):
        return wrap(one[1:-1], value, make)
    raise ValueError(f'{value!r:.80} does not fit the signature "{one}"')


def _fit_integer(span: range) -> Callable[[Any], int]:
    def fit(value: Any) -> int:
        if not isinstance(value, int) or value not in span:
            raise ValueError(f"{value!r:.80} is no integer from {span.start} to {span.stop - 1}")
        return int(value)

    return fit


def _fit_double(value: Any) -> float:
    if not isinstance(value, int | float):
        raise ValueError(f"{value!r:.80} is no number")  # noqa: TRY004 - one exception for every misfit
    return float(value)


def _fit_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.80} is no text")  # noqa: TRY004 - one exception for every misfit
    return check_text(value)


def _fit_bytes(value: Any) -> bytes:
    if not isinstance(value, list | tuple | bytes | bytearray):
        raise ValueError(f"{value!r:.80} is no row of bytes")  # noqa: TRY004 - one exception for every misfit
    return bytes(value)


_FIT: dict[str, Callable[[Any], Any]] = {
    "y": _fit_integer(range(2**8)),
    "n": _fit_integer(range(-(2**15), 2**15)),
    "q": _fit_integer(range(2**16)),
    "i": _fit_integer(INT32),
    "u": _fit_integer(range(2**32)),
    "x": _fit_integer(INT64),
    "t": _fit_integer(range(2**64)),
    "b": bool,
    "d": _fit_double,
    "s": _fit_text,
    "o": _fit_text,
    "g": _fit_text,
    "ay": _fit_bytes,
}
