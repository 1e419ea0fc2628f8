"""The server's side of the Modbus application protocol, written from the specification (1.1b3)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.modbus.image import Image

_TABLES = {3: "h", 4: "i"}
MAX_WRITE = 123


def answer(pdu: bytes, image: Image) -> bytes:
    """Return the reply to a request: function code and data, without unit or checksum."""
    function, data = pdu[0], pdu[1:]
    handler = _HANDLERS.get(function)
    if handler is None:
        return _refuse(function, 1)
    try:
        result = handler(function, data, image)
    except (struct.error, IndexError):
        return _refuse(function, 3)
    return _refuse(function, result) if isinstance(result, int) else bytes([function]) + result


def _refuse(function: int, code: int) -> bytes:
    return bytes([function | 0x80, code])


def _pack(words: list[int]) -> bytes:
    return struct.pack(f">B{len(words)}H", 2 * len(words), *words)


def _read(function: int, data: bytes, image: Image) -> bytes | int:
    at, count = struct.unpack(">HH", data)
    words = image.read(_TABLES[function], at, count)
    return words if isinstance(words, int) else _pack(words)


def _read_coils(_: int, data: bytes, image: Image) -> bytes | int:
    at, count = struct.unpack(">HH", data)
    if any(at + n not in image.coils for n in range(count)):
        return 2
    bits = sum(image.coils[at + n] << n for n in range(count))
    size = (count + 7) // 8
    return bytes([size]) + bits.to_bytes(size, "little")


def _write_coil(_: int, data: bytes, image: Image) -> bytes | int:
    at, value = struct.unpack(">HH", data)
    if at not in image.coils:
        return 2
    image.coils[at] = value == 0xFF00  # noqa: PLR2004 - 6.5
    return data


def _write_one(_: int, data: bytes, image: Image) -> bytes | int:
    at, word = struct.unpack(">HH", data)
    return image.write(at, [word]) or data


def _write_many(_: int, data: bytes, image: Image) -> bytes | int:
    at, count, size = struct.unpack(">HHB", data[:5])
    if not 1 <= count <= MAX_WRITE or size != 2 * count:
        return 3
    return image.write(at, list(struct.unpack(f">{count}H", data[5:]))) or data[:4]


def _exchange(_: int, data: bytes, image: Image) -> bytes | int:
    """Function 23, here for the VregLink window only."""
    read_at, read_count, write_at, write_count, _size = struct.unpack(">HHHHB", data[:9])
    if image.vreg_at is None or read_at != image.vreg_at or write_at != image.vreg_at:
        return 2
    vreg, *rest = struct.unpack(f">{write_count}H", data[9:])
    if rest:
        status = 0 if vreg in image.vregs else 0x8101
        if status == 0:
            image.vregs[vreg] = struct.pack(f">{len(rest) - 1}H", *rest[1:])[: rest[0]]
        return _pack([vreg, status][:read_count])
    if vreg not in image.vregs:
        return _pack([vreg, 0x8001, 0, *[0] * (read_count - 3)])
    value = image.vregs[vreg]
    padded = value + b"\0" * (len(value) % 2)
    words = list(struct.unpack(f">{len(padded) // 2}H", padded))
    return _pack(([vreg, 0, len(value), *words] + [0] * read_count)[:read_count])


def _identify(_: int, data: bytes, image: Image) -> bytes | int:
    if data[0] != 14 or not image.identification:  # noqa: PLR2004 - MEI type, 6.21
        return 1
    objects = b"".join(
        bytes([number, len(text)]) + text.encode() for number, text in sorted(image.identification.items())
    )
    return bytes([14, data[1], 1, 0, 0, len(image.identification)]) + objects


_HANDLERS = {
    1: _read_coils,
    3: _read,
    4: _read,
    5: _write_coil,
    6: _write_one,
    16: _write_many,
    23: _exchange,
    43: _identify,
}
