"""The one way in which a message is laid out: fixed head, packed fields, perhaps a tail."""

from __future__ import annotations

import struct
from dataclasses import fields
from typing import Any, ClassVar, Self

EMPTY = struct.Struct("")


class Record:
    """Base of all messages whose bytes are `HEAD`, then `LAYOUT`, then (if the class has a field `tail`) a tail.

    A subclass is a frozen dataclass whose fields are in the order of the layout. The same class parses and encodes,
    so that neither can drift from the other. Frames and the winmon messages inside frames are records alike.
    """

    __slots__ = ()

    HEAD: ClassVar[bytes]
    LAYOUT: ClassVar[struct.Struct] = EMPTY
    TAIL: ClassVar[frozenset[int]] = frozenset({0})
    """Lengths that the tail may have."""

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Return the message in `data`, or None when it is not one of this class. Never raises."""
        head, size = cls.HEAD, cls.LAYOUT.size
        if not data.startswith(head) or len(data) - len(head) - size not in cls.TAIL:
            return None
        values = cls.LAYOUT.unpack_from(data, len(head))
        record = cls(*values, *((data[len(head) + size :],) if cls.has_tail() else ()))
        return record if record.is_valid() else None

    def encode(self) -> bytes:
        """Return the bytes of the message.

        Raises:
            struct.error: a field does not fit into its place.
        """
        values: list[Any] = [getattr(self, field.name) for field in fields(self)]  # type: ignore[arg-type]  # subclasses are dataclasses
        tail = values.pop() if self.has_tail() else b""
        return self.HEAD + self.LAYOUT.pack(*values) + bytes(tail)

    @classmethod
    def codes(cls) -> tuple[int, ...]:
        """Return the first bytes that such a message can have."""
        return (cls.HEAD[0],)

    @classmethod
    def has_tail(cls) -> bool:
        """Tell whether bytes behind the layout are kept in the field `tail`."""
        return "tail" in cls.__slots__

    def is_valid(self) -> bool:
        """Tell whether the fields make sense together; a class with forbidden values overrides this."""
        return True


class WordList(Record):
    """Base of the messages that are a code and 16 bit words; the number of words says how many were asked for."""

    __slots__ = ()

    CODE: ClassVar[int]
    MAX_WORDS: ClassVar[int] = 6

    values: tuple[int, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Return the list in `data`, or None."""
        count, odd = divmod(len(data) - 1, 2)
        if odd or not 1 <= count <= cls.MAX_WORDS or data[0] != cls.CODE:
            return None
        return cls(struct.unpack_from(f"<{count}H", data, 1))  # type: ignore[call-arg]  # subclasses have the field

    def encode(self) -> bytes:
        """Return the bytes of the list."""
        return struct.pack(f"<B{len(self.values)}H", self.CODE, *self.values)
