"""Multicast DNS, as far as finding services needs it (RFC 6762 and 6763): questions out, PTR, SRV and A records in.

Not a library, because what is needed of DNS here is one kind of question and three kinds of record, and zeroconf costs
a GX several megabytes of memory.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

GROUP = "224.0.0.251"
PORT = 5353
MAX_RECORDS = 64
"""A message of a device of ours has about six."""
MAX_JUMPS = 16
"""Compression pointers that are followed in one name; a loop ends here."""
_PTR, _A, _SRV, _IN = 12, 1, 33, 1
_IPV4_BYTES = 4
_POINTER = 0xC0
_HEADER = struct.Struct(">6H")
_FIXED = struct.Struct(">HHIH")


@dataclass(frozen=True, slots=True)
class Announcement:
    """A service that is there."""

    kind: str  # such as _victron-energy-meter._udp
    name: str  # of the instance
    address: str
    port: int


def make_query(kinds: list[str]) -> bytes:
    """Return the question for all instances of some kinds of service."""
    questions = b"".join(_encode_name(f"{kind}.local") + struct.pack(">HH", _PTR, _IN) for kind in kinds)
    return _HEADER.pack(0, 0, len(kinds), 0, 0, 0) + questions


def parse_answer(data: bytes, kinds: list[str]) -> list[Announcement]:
    """Return what a message announces of these kinds. A malformed message announces nothing."""
    try:
        records = _parse_records(data)
    except (struct.error, IndexError, ValueError):
        return []
    addresses = {
        name.lower(): ".".join(map(str, raw))
        for name, kind, raw, _ in records
        if kind == _A and len(raw) == _IPV4_BYTES
    }
    places: dict[str, tuple[str, int]] = {}
    for name, record, raw, start in records:
        if record == _SRV and len(raw) > 6:  # noqa: PLR2004 - priority, weight, port
            places[name] = (_read_name(data, start + 6)[0].lower(), struct.unpack_from(">H", raw, 4)[0])
    found = []
    for instance, (host, port) in places.items():
        kind = next((kind for kind in kinds if instance.lower().endswith(f".{kind}.local".lower())), None)
        if kind is not None and host in addresses:
            found.append(Announcement(kind, instance[: -len(f".{kind}.local")], addresses[host], port))
    return found


def _parse_records(data: bytes) -> list[tuple[str, int, bytes, int]]:
    _, _, questions, *counts = _HEADER.unpack_from(data)
    at = _HEADER.size
    for _ in range(min(questions, MAX_RECORDS)):
        at = _read_name(data, at)[1] + 4
    records = []
    for _ in range(min(sum(counts), MAX_RECORDS)):
        name, at = _read_name(data, at)
        kind, _, _, size = _FIXED.unpack_from(data, at)
        at += _FIXED.size
        if at + size > len(data):
            raise ValueError("a record is cut off")
        records.append((name, kind, data[at : at + size], at))
        at += size
    return records


def _encode_name(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    """Return a name as it was written, and the place behind it. Names are compared without regard to case."""
    parts, behind, jumps = [], None, 0
    while size := data[at]:
        if size & _POINTER == _POINTER:
            behind = at + 2 if behind is None else behind
            at = (size & ~_POINTER) << 8 | data[at + 1]
            jumps += 1
            if jumps > MAX_JUMPS:
                raise ValueError("a name points in circles")
            continue
        parts.append(data[at + 1 : at + 1 + size].decode("utf-8", "replace"))
        at += 1 + size
    return ".".join(parts), at + 1 if behind is None else behind
