"""Registers on the wire are 16-bit words; this file turns them into values and back.

Bytes inside a word are big endian (Modbus Application Protocol 1.1b3, 4.2). For wider numbers it fixes no word
order: without suffix the most significant word comes first, `_lw` is the least significant one first.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.errors import RuleError, ValueRefused
from modbus_client.protocol.version import parse_cg_version, parse_hex_digits, parse_ve_version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_TEXT_WORDS = 62
"""A text longer than half a read request (125 words) is a mistake in a definition."""

_NUMBERS = {"u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q", "f32": "f", "f64": "d"}
_SPECIAL: dict[str, tuple[int, Callable[[Sequence[int]], Any]]] = {
    "ve_version": (2, parse_ve_version),
    "cg_version": (1, parse_cg_version),
    "hex_dots": (1, parse_hex_digits),
}
_ARRAY = re.compile(r"(text|text_le|hex_le|words)\[([1-9][0-9]?)\]")


@dataclass(frozen=True, slots=True)
class WordType:
    """How a value lies in `count` consecutive registers."""

    name: str
    kind: str  # "int", "float", "text", "bit", "words", "version"
    count: int
    code: str = ""  # struct code of a number
    low_word_first: bool = False
    bit: int = 0  # 0 is the least significant bit

    def decode(self, words: Sequence[int]) -> Any:
        """Return the value in `words` (exactly `count` of them), or None for a float that is no number."""
        if self.kind in {"int", "float"}:
            return self._decode_number(words)
        if self.kind == "bit":
            return words[0] >> self.bit & 1
        if self.kind == "version":
            return _SPECIAL[self.name][1](words)
        if self.kind == "words":
            return tuple(words)
        return _decode_text(self.name, words)

    def encode(self, value: Any) -> tuple[int, ...]:
        """Return the words for `value`. Raises ValueRefused when it does not fit."""
        if self.kind in {"int", "float"}:
            return self._encode_number(value)
        if self.kind == "text":
            return _encode_text(self.name, str(value), self.count)
        raise ValueRefused(f"a register of type {self.name} cannot be written")

    def _decode_number(self, words: Sequence[int]) -> int | float | None:
        ordered = words[::-1] if self.low_word_first else words
        value: int | float = struct.unpack(f">{self.code}", struct.pack(f">{self.count}H", *ordered))[0]
        return None if self.kind == "float" and not math.isfinite(value) else value

    def _encode_number(self, value: Any) -> tuple[int, ...]:
        try:
            raw = float(value) if self.kind == "float" else round(value)
            words = struct.unpack(f">{self.count}H", struct.pack(f">{self.code}", raw))
        except (struct.error, OverflowError, TypeError, ValueError):
            raise ValueRefused(f"{value!r} does not fit a register of type {self.name}") from None
        return words[::-1] if self.low_word_first else words


def _decode_text(name: str, words: Sequence[int]) -> str:
    order = "<" if name.startswith(("text_le", "hex_le")) else ">"
    data = struct.pack(f"{order}{len(words)}H", *words)
    if name.startswith("hex_le"):
        return data.hex().upper()
    return data.split(b"\0", 1)[0].decode("utf-8", "ignore").strip()


def _encode_text(name: str, text: str, count: int) -> tuple[int, ...]:
    if not name.startswith("text"):
        raise ValueRefused(f"a register of type {name} cannot be written")
    data = text.encode()
    if len(data) > 2 * count:
        raise ValueRefused(f"{text!r} is longer than the {2 * count} bytes of the register")
    order = "<" if name.startswith("text_le") else ">"
    return struct.unpack(f"{order}{count}H", data.ljust(2 * count, b"\0"))


def parse_type(name: str, *, bit: int | None = None) -> WordType:
    """Return the type called `name`, such as `s32_lw`, `text[8]` or `bit` (with its number). Raises RuleError."""
    if (name == "bit") != (bit is not None):
        raise RuleError("type 'bit' and the key 'bit' belong together")
    if bit is not None:
        if not 0 <= bit <= 15:  # noqa: PLR2004 - bits of one register
            raise RuleError("bit is 0 (least significant) to 15")
        return WordType(name, "bit", 1, bit=bit)
    if name in _SPECIAL:
        return WordType(name, "version", _SPECIAL[name][0])
    base = name.removesuffix("_lw")
    if base in _NUMBERS:
        code = _NUMBERS[base]
        kind = "float" if base.startswith("f") else "int"
        return WordType(name, kind, struct.calcsize(f">{code}") // 2, code, base != name)
    if match := _ARRAY.fullmatch(name):
        count = int(match[2])
        if count > MAX_TEXT_WORDS:
            raise RuleError(f"at most {MAX_TEXT_WORDS} registers in a text")
        return WordType(name, "words" if match[1] == "words" else "text", count)
    known = ", ".join([*_NUMBERS, "bit", *_SPECIAL, "text[n]", "text_le[n]", "hex_le[n]", "words[n]"])
    raise RuleError(f"unknown type {name!r}; known: {known} (numbers also with _lw: low word first)")
