"""What the bytes of an answer say before any scaling. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NEGATIVE = 0x7F
"""ISO 14229 / ISO 15031-5: 7F, the service that is refused, the reason."""
POSITIVE_OFFSET = 0x40
"""An answer begins with the service of the request plus this."""
ECHOING = frozenset({1, 2, 9, 0x21, 0x22})
"""Services whose answer repeats the PID (or the maker's identifier) of the request."""
VALUE_AT = 2
"""Value bytes begin after service and PID."""


def is_answer_to(data: Sequence[int], request: bytes) -> bool:
    """Whether data answers request (hex); a refusal (7F ...) does not, nor does the late answer to another PID."""
    mode, pid = int(request[:2], 16), bytes.fromhex(request[2 : len(request) // 2 * 2].decode())
    echo = pid if mode in ECHOING else b""
    return bytes(data[: 1 + len(echo)]) == bytes((mode | POSITIVE_OFFSET,)) + echo


def refusal(data: Sequence[int]) -> int | None:
    """Return the reason code of a negative answer, None when data is none."""
    return data[2] if len(data) > VALUE_AT and data[0] == NEGATIVE else None


def split_pids(data: Sequence[int], lengths: Mapping[int, int]) -> dict[int, bytes]:
    """Split the answer to a mode 01 request of several PIDs into the value bytes of each.

    lengths: value bytes of each PID that was asked. Raises ValueError when data is not such an answer; units may leave
    out PIDs they do not have and may fill the end with 00 or 55 or AA.
    """
    if not data or data[0] != 1 | POSITIVE_OFFSET:
        raise ValueError(f"not an answer of mode 01: {bytes(data).hex(' ')}")
    values: dict[int, bytes] = {}
    at = 1
    while at < len(data):
        pid = data[at]
        length = lengths.get(pid)
        if length is None or pid in values:
            if values:
                break  # padding
            raise ValueError(f"PID {pid:02X} was not asked: {bytes(data).hex(' ')}")
        value = bytes(data[at + 1 : at + 1 + length])
        if len(value) < length:
            raise ValueError(f"the answer ends within PID {pid:02X}: {bytes(data).hex(' ')}")
        values[pid] = value
        at += 1 + length
    return values


def text_of(data: Sequence[int], length: int) -> bytes:
    """Return the printable characters of a mode 09 text: padding and the item count are control characters."""
    return bytes(byte for byte in data[VALUE_AT:] if chr(byte).isascii() and chr(byte).isprintable())[:length]
