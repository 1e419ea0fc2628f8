"""The envelope of winmon messages: a letter that says which of the request slots is meant, and a body.

Field notes: W takes exactly two parameter bytes and its replies are cut at four; X, Y and Z take up to six and give the
letter back, so that three requests can be under way. Lower-case x, y and z carry the index of a device (from 0) as
their last byte and are answered in upper case: known from one implementation for three-phase systems only, so probe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from mk2.frames import readings, settings, status, writes
from mk2.frames.record import Record

LETTERS = b"WXYZ"
ADDRESSED_LETTERS = b"xyz"
MAX_BODY = 16

_REQUESTS: tuple[type[Record], ...] = (
    *readings.REQUESTS,
    *settings.REQUESTS,
    *status.REQUESTS,
    *writes.REQUESTS,
)
_REPLIES: tuple[type[Record], ...] = (
    *readings.REPLIES,
    *settings.REPLIES,
    *status.REPLIES,
    *writes.REPLIES,
)
CODE_REPLY = 0x80


@dataclass(frozen=True, slots=True)
class UnknownBody(Record):
    """A body that no class here understands; kept as it is."""

    HEAD: ClassVar[bytes] = b""
    TAIL: ClassVar[frozenset[int]] = frozenset(range(MAX_BODY))

    tail: bytes


def _classes_by_code() -> dict[int, tuple[type[Record], ...]]:
    found: dict[int, tuple[type[Record], ...]] = {}
    for cls in (*_REQUESTS, *_REPLIES):
        for code in cls.codes():
            found[code] = (*found.get(code, ()), cls)
    return found


_BY_CODE = _classes_by_code()


def parse_body(data: bytes) -> Record | None:
    """Return the message in the body of a winmon frame, `UnknownBody` for one nobody knows, None for an absurd one."""
    for cls in _BY_CODE.get(data[0], ()) if data else ():
        body = cls.parse(data)
        if body is not None:
            return body
    return UnknownBody.parse(data)


@dataclass(frozen=True, slots=True)
class Winmon(Record):
    """A winmon request or reply. `device` is the index behind the body, for lower-case letters only."""

    HEAD: ClassVar[bytes] = b"\xff"

    letter: str
    body: Record
    device: int | None = None

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Return the message, or None when the frame is not a winmon frame."""
        letter, content, device = data[1:2], data[2:], None
        if letter in ADDRESSED_LETTERS and len(content) > 1:
            content, device = content[:-1], content[-1]
        elif letter not in LETTERS:
            return None
        body = parse_body(content)
        return None if body is None else cls(letter.decode(), body, device)

    def encode(self) -> bytes:
        """Return the payload of the frame."""
        device = b"" if self.device is None else bytes([self.device])
        return self.HEAD + self.letter.encode() + self.body.encode() + device

    @property
    def is_reply(self) -> bool:
        """Tell a reply (codes from 80h) from a request."""
        return self.body.encode()[0] >= CODE_REPLY
