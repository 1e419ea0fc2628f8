"""Winmon messages about RAM variables: values, scales, snapshots; and the F command that takes a snapshot.

Field notes: a request through slot W names two variables, and the reply has one or two values. Replies to the request
for a scale come with scale and offset, with the scale alone, or empty; the last two mean that the variable does not
exist. A snapshot is not acknowledged, and slaves may have it ready a little later than the master.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Self

from mk2.frames.record import Record, WordList

MAX_IDS = 6
"""Variables in one request: what X, Y and Z, and the snapshot, have room for."""


class IdList(Record):
    """Base of the requests that are a head and a list of variable ids."""

    __slots__ = ()

    ids: tuple[int, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Return the request in `data`, or None."""
        ids = data[len(cls.HEAD) :]
        if not data.startswith(cls.HEAD) or not 1 <= len(ids) <= MAX_IDS:
            return None
        return cls(tuple(ids))  # type: ignore[call-arg]  # subclasses have the field

    def encode(self) -> bytes:
        """Return the bytes of the request.

        Raises:
            ValueError: no id, too many, or one above 255.
        """
        if not 1 <= len(self.ids) <= MAX_IDS:
            raise ValueError(f"1 to {MAX_IDS} variables, not {len(self.ids)}")
        return self.HEAD + bytes(self.ids)


@dataclass(frozen=True, slots=True)
class RamRead(IdList):
    """Read variables."""

    HEAD: ClassVar[bytes] = b"\x30"

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RamValues(WordList):
    """The values, in the order of the request."""

    HEAD: ClassVar[bytes] = b"\x85"
    CODE: ClassVar[int] = 0x85

    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RamUnsupported(Record):
    """A variable of the request does not exist; the tail may say which."""

    HEAD: ClassVar[bytes] = b"\x90"
    TAIL: ClassVar[frozenset[int]] = frozenset(range(5))

    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class SnapshotTake(IdList):
    """Latch these variables in all devices at one instant. A whole frame, not a winmon body; there is no reply."""

    HEAD: ClassVar[bytes] = b"\xffF\x06"

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SnapshotRead(Record):
    """Read what was latched last."""

    HEAD: ClassVar[bytes] = b"\x38"
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1})

    tail: bytes = b""


@dataclass(frozen=True, slots=True)
class SnapshotValues(WordList):
    """The values that were latched, in the order in which they were named."""

    HEAD: ClassVar[bytes] = b"\x99"
    CODE: ClassVar[int] = 0x99

    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RamInfoRead(Record):
    """Ask for scale and offset of a variable."""

    HEAD: ClassVar[bytes] = b"\x36"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<H")

    id: int


@dataclass(frozen=True, slots=True)
class RamInfoReply(Record):
    """Scale and offset, still raw; the second code stands between them."""

    HEAD: ClassVar[bytes] = b"\x8e"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<hBh")

    scale: int
    code: int
    offset: int

    def is_valid(self) -> bool:
        """The code before the offset is 8Fh."""
        return self.code == 0x8F  # noqa: PLR2004  # the wire's number for "offset"


@dataclass(frozen=True, slots=True)
class RamInfoShort(Record):
    """The reply without offset: the scale (0: there is no such variable), or nothing at all."""

    HEAD: ClassVar[bytes] = b"\x8e"
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 2, 4})

    tail: bytes = b""

    @property
    def scale(self) -> int:
        """The raw scale; 0 when the reply has none."""
        return int.from_bytes(self.tail[:2], "little", signed=True)

    @property
    def offset(self) -> int:
        """The raw offset; 0 when the reply has none."""
        return int.from_bytes(self.tail[2:], "little", signed=True)


REQUESTS: tuple[type[Record], ...] = (RamRead, SnapshotRead, RamInfoRead)
REPLIES: tuple[type[Record], ...] = (RamValues, RamUnsupported, SnapshotValues, RamInfoReply, RamInfoShort)
