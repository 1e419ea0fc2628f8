"""Decodes one message body, `a{sa{sv}}`: what ItemsChanged carries. Pure. `items_changed` says how it is laid out.

The 16 bytes before a number tell whether an item is the common one, a number and its text; then one `struct` call reads
it. Other items are read field by field, and what Venus programs do not usually send is left to the D-Bus library
(UnknownType). No size is believed before it is checked against what surrounds it.
"""

from __future__ import annotations

from struct import Struct, error, unpack_from
from typing import TYPE_CHECKING, Any

from velib_async.items_changed import MAX_KNOWN_PATHS, NUMBERS, PACKED, TEXT_HEAD, VALUE_HEADS, WIDE, UnknownType

if TYPE_CHECKING:
    from collections.abc import Iterator

Changes = dict[str, tuple[Any, str | None]]  # path -> value, text

MAX_PATH_BYTES = 255  # longer ones are read, but not remembered: what a peer makes us keep has a limit

_U32 = Struct("<I")
# The 16 bytes before a number -> reader of (number, text head, size of the text).
_READERS = {VALUE_HEADS[kind]: Struct(f"<16x{code}12sI").unpack_from for kind, code in PACKED.items()}


class MalformedBody(ValueError):  # noqa: N818 - says what it is about
    """What the peer sent is not `a{sa{sv}}`. Drop the message; the next one begins where it should."""


class Decoder:
    """Decodes bodies, and remembers the text of each path: one decoder per connection."""

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}

    def decode(self, body: bytes) -> Changes:
        """Return {path: (value, text)}; an empty array is None (invalid), the text is None when there is none.

        An entry without Value is left out. Padding, NUL ends, and fields behind Value and Text are not looked at.

        Raises:
            MalformedBody: sizes that do not fit, or text that is not UTF-8.
            UnknownType: a Value or Text that Venus programs do not usually send.
        """
        try:
            return self._decode(body)
        except (error, IndexError, UnicodeDecodeError) as reason:
            raise MalformedBody(f"body of {len(body)} bytes: {reason}") from reason

    def _decode(self, body: bytes) -> Changes:
        items: Changes = {}
        known, u32, readers = self._known, _U32.unpack_from, _READERS
        stop = 8
        end = stop + u32(body)[0]
        if end != len(body):
            raise MalformedBody(f"array of {end - 8} bytes in a body of {len(body)}")
        position = 8
        while position < end:
            begin = position + 4
            stop = begin + u32(body, position)[0]
            name = body[begin:stop]
            path = known.get(name) or self._remember(name)
            size_at = (stop + 4) & -4  # behind the NUL
            begin = (size_at + 11) & -8
            stop = begin + u32(body, size_at)[0]
            if stop > end:
                raise MalformedBody(f"{path}: {stop - end} bytes too long")
            read = readers.get(body[begin : begin + 16])
            if read is not None:
                value, text_head, size = read(body, begin)
                if text_head == TEXT_HEAD and begin + 41 + size <= stop:
                    items[path] = value, body[begin + 40 : begin + 40 + size].decode()
                    position = (stop + 7) & -8
                    continue
            fields = _decode_fields(body, begin, stop)
            if "Value" in fields:
                items[path] = fields["Value"], fields.get("Text")
            position = (stop + 7) & -8
        if stop != end:
            raise MalformedBody(f"{end - stop} bytes behind the last entry")
        return items

    def _remember(self, name: bytes) -> str:
        if len(name) > MAX_PATH_BYTES:
            return name.decode()
        if len(self._known) >= MAX_KNOWN_PATHS:
            self._known.clear()
        return self._known.setdefault(name, name.decode())


def _decode_fields(body: bytes, position: int, end: int) -> dict[str, Any]:
    """Return Value and Text, whatever the order; reads no further when it has both."""
    fields: dict[str, Any] = {}
    while position < end and not ("Value" in fields and "Text" in fields):
        position = (position + 7) & -8
        key, position = _decode_text(body, position, end)
        size = body[position]
        signature = body[position + 1 : position + 1 + size].decode()
        fields[key], position = _decode_value(body, position + size + 2, end, signature)
    return fields


def _decode_text(body: bytes, position: int, end: int) -> tuple[str, int]:
    begin = ((position + 3) & -4) + 4
    stop = begin + _U32.unpack_from(body, begin - 4)[0]
    if stop >= end:
        raise MalformedBody(f"text of {stop - begin} bytes in a field of {end - begin}")
    return body[begin:stop].decode(), stop + 1


def _decode_value(body: bytes, position: int, end: int, signature: str) -> tuple[Any, int]:
    if signature == "s":
        return _decode_text(body, position, end)
    if signature[:1] == "a":
        return _decode_array(body, position, end, signature[1:])
    if signature not in NUMBERS:
        raise UnknownType(f"type {signature!r}")
    code, size = NUMBERS[signature]
    begin = position + -position % size
    if begin + size > end:
        raise MalformedBody(f"{signature} at {begin} in a field that ends at {end}")
    value = unpack_from(f"<{code}", body, begin)[0]
    return bool(value) if signature == "b" else value, begin + size


def _decode_array(body: bytes, position: int, end: int, element: str) -> tuple[list[Any] | None, int]:
    begin = ((position + 3) & -4) + 4
    size = _U32.unpack_from(body, begin - 4)[0]
    if not size and len(element) == 1:
        return None, begin
    if element != "s" and element not in NUMBERS:
        raise UnknownType(f"type 'a{element}'")
    begin += -begin % 8 if element in WIDE else 0
    stop = begin + size
    if stop > end:
        raise MalformedBody(f"array of {size} bytes at {begin} in a field that ends at {end}")
    if element == "s":
        return list(_decode_texts(body, begin, stop)), stop
    code, width = NUMBERS[element]
    if size % width:
        raise MalformedBody(f"array of {size} bytes, not of {width} bytes each")
    values = list(unpack_from(f"<{size // width}{code}", body, begin))
    return [bool(value) for value in values] if element == "b" else values, stop


def _decode_texts(body: bytes, position: int, end: int) -> Iterator[str]:
    while position < end:
        text, position = _decode_text(body, position, end)
        yield text
