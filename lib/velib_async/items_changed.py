"""Encodes one message body, `a{sa{sv}}`: what ItemsChanged carries. Pure. `items_received` is the way back.

Generic marshalling walks a signature tree for every value. This body has one fixed shape, so most of its bytes are
known beforehand. D-Bus aligns a dict entry to 8 bytes; therefore an item has the same bytes wherever it stands:

    u32 size, path, NUL, to 4 | u32 size of the fields, to 8 | fields, each aligned to 8:
    u32 5 "Value" NUL, u8 1 type NUL, to 16 | number, to 8 | u32 4 "Text" NUL, u8 1 "s" NUL | u32 size, text, NUL

(D-Bus specification, "Marshaling (Wire Format)".) The encoder keeps the bytes of each path and packs the rest of the
common item, a number and its text, in one `struct` call. Whatever else an item may hold goes field by field, and what
items do not hold at all is left to the D-Bus library (UnknownType).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from struct import Struct, error, pack
from typing import Any

SIGNATURE = "a{sa{sv}}"
MAX_BODY_BYTES = 64 * 1024 * 1024  # D-Bus specification: no array is longer; a bus disconnects who sends one
MAX_KNOWN_PATHS = 4096  # remembered per connection and direction; ten times the largest service of a GX
MAX_PACKED_TEXT = (
    48  # one packer is kept per size of text; texts are short ("-1234.5 W"), longer ones go field by field
)

NUMBERS = {"b": ("I", 4), "i": ("i", 4), "u": ("I", 4), "x": ("q", 8), "d": ("d", 8)}  # D-Bus type: struct code, size
WIDE = frozenset("xd")  # aligned to 8
PACKED = {"d": "d", "i": "i4x", "x": "q"}  # D-Bus type: struct code of the 8 bytes between the two heads
TEXT_HEAD = b"\4\0\0\0Text\0\1s\0"

Fields = Mapping[str, tuple[str, Any]]  # field -> type and value
# path, type and value of Value, Text, further fields. Those (Min, Max, Default) hardly ever change: their bytes are
# kept for as long as the item comes with the same object. So replace the mapping, do not change it.
Item = tuple[str, str, Any, str, Fields | None]


class UnencodableItem(ValueError):  # noqa: N818 - says what it is about
    """A value or text of ours has no D-Bus form; `path` says whose."""

    def __init__(self, path: str, reason: object) -> None:
        super().__init__(f"{path} cannot be sent over D-Bus: {reason}")
        self.path = path


class UnknownType(ValueError):  # noqa: N818 - says what it is about
    """A type that items do not usually have. Let the D-Bus library do it."""


def _head(key: str, signature: str) -> bytes:
    """Return what stands before a value: the key and the variant's signature."""
    name = key.encode()
    return b"%b%b\0%c%b\0" % (_U32.pack(len(name)), name, len(signature), signature.encode())


def _pad(data: bytes, alignment: int) -> bytes:
    return data + bytes(-len(data) % alignment)


_U32 = Struct("<I")
VALUE_HEADS = {signature: _pad(_head("Value", signature), 16) for signature in PACKED}


class _Packers(dict[int, Callable[..., bytes]]):
    """Size of a text -> packer of (size of the fields, value head, value, text head, size of the text, text)."""

    def __init__(self, layout: str) -> None:
        super().__init__()
        self._layout = layout

    def __missing__(self, size: int) -> Callable[..., bytes]:
        packer = self[size] = Struct(f"{self._layout}12sI{size + 1}s{-(41 + size) % 8}x").pack
        return packer


_Ways = dict[str, tuple[_Packers, bytes]]  # type of the value -> packers, value head


class Encoder:
    """Encodes bodies, and remembers the bytes of each path: one encoder per connection."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, int, _Ways]] = {}
        self._tails: dict[str, tuple[Fields, bytes]] = {}
        # The fields start at a multiple of 8, right behind their size: there is a gap of 4 between, or none.
        self._ways: dict[int, _Ways] = {
            gap: {kind: (_Packers(f"<I{gap}x16s{code}"), VALUE_HEADS[kind]) for kind, code in PACKED.items()}
            for gap in (0, 4)
        }

    def encode(self, items: Iterable[Item]) -> bytes:
        """Return the body for the items.

        Raises:
            UnencodableItem: a value or text has no D-Bus form. Leave that item out and try again.
            UnknownType: a value's type is not one of b i u x d s, or an array of these.
            ValueError: the body would exceed MAX_BODY_BYTES. Send fewer items at a time.
        """
        parts: list[bytes] = []
        add = parts.append
        known = self._known
        end = 0  # of the last item's fields
        for path, signature, value, text, others in items:
            try:
                head, gap, ways = known.get(path) or self._remember(path)
                data = text.encode()
                size = len(data)
                tail = self._tail(path, others) if others else b""
                add(head)
                if signature in ways and size <= MAX_PACKED_TEXT and 0 not in data:
                    packers, value_head = ways[signature]
                    end = (48 + size & -8) + len(tail) if tail else 41 + size
                    add(packers[size](end, value_head, value, TEXT_HEAD, size, data))
                    if tail:
                        add(_pad(tail, 8))
                else:
                    fields = _encode_fields({"Value": (signature, value), "Text": ("s", text)})
                    fields = _pad(fields, 8) + tail if tail else fields
                    end = len(fields)
                    add(_U32.pack(end) + bytes(gap) + _pad(fields, 8))
            except UnknownType:
                raise
            except (AttributeError, TypeError, ValueError, error) as reason:
                raise UnencodableItem(path, reason) from reason
        return _close(b"".join(parts), end)

    def _remember(self, path: str) -> tuple[bytes, int, _Ways]:
        if len(self._known) >= MAX_KNOWN_PATHS:
            self._known.clear()
            self._tails.clear()
        head = _pad(_encode_text(path), 4)
        gap = 4 - len(head) % 8
        return self._known.setdefault(path, (head, gap, self._ways[gap]))

    def _tail(self, path: str, others: Fields) -> bytes:
        of, tail = self._tails.get(path, (None, b""))
        if of is not others:
            tail = _encode_fields(others)
            self._tails[path] = (others, tail)
        return tail


def _close(body: bytes, end: int) -> bytes:
    """Put the array's size in front. It ends with its last field: padding belongs to the entry that would follow."""
    size = len(body) - (-end % 8)
    if size > MAX_BODY_BYTES:
        raise ValueError(f"ItemsChanged of {size} bytes; D-Bus allows {MAX_BODY_BYTES}: send fewer items at a time")
    return b"%b\0\0\0\0%b" % (_U32.pack(size), body[:size])


def _encode_fields(fields: Mapping[str, tuple[str, Any]]) -> bytes:
    data = b""
    for key, (signature, value) in fields.items():
        data = _pad(data, 8) + _encode_value(_head(key, signature), signature, value)
    return data


def _encode_value(before: bytes, signature: str, value: Any) -> bytes:
    if signature in NUMBERS:
        code, size = NUMBERS[signature]
        return _pad(before, size) + pack(f"<{code}", value)
    before = _pad(before, 4)
    if signature == "s":
        return before + _encode_text(value)
    elements = _encode_elements(signature, value)
    gap = -(len(before) + 4) % 8 if signature[1] in WIDE else 0  # of an empty array, too
    return before + _U32.pack(len(elements)) + bytes(gap) + elements


def _encode_elements(signature: str, values: Sequence[Any]) -> bytes:
    if signature == "as":
        data = b""
        for text in values:
            data = _pad(data, 4) + _encode_text(text)
        return data
    if signature[0] != "a" or signature[1:] not in NUMBERS:
        raise UnknownType(f"type {signature!r}")
    return pack(f"<{len(values)}{NUMBERS[signature[1]][0]}", *values)


def _encode_text(text: str) -> bytes:
    data = text.encode()
    if 0 in data:
        raise ValueError("a text with a NUL character")  # the bus would end our connection
    return b"%b%b\0" % (_U32.pack(len(data)), data)
