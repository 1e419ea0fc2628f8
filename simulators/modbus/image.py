"""The registers of a simulated device, and how a table of physical truths is put into them.

Nothing here comes from the client: numbers are coded with int.to_bytes and struct, so that an error in the decoder of
the client cannot hide behind the same error here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Line = tuple[str, int, str, str, float]
"""Table (h or i), address, coding, name of the truth, raw units per unit of the truth."""


def to_words(coding: str, value: float | str) -> list[int]:
    """Code one number or text: u16, s32, u32sw (swapped words), f32, text8 (8 registers), textle8 (swapped bytes)."""
    if coding.startswith("text"):
        swapped = coding.startswith("textle")
        count = int(coding.removeprefix("textle").removeprefix("text"))
        data = str(value).encode().ljust(2 * count, b"\0")
        order = "little" if swapped else "big"
        return [int.from_bytes(data[n : n + 2], order) for n in range(0, 2 * count, 2)]  # type: ignore[arg-type] # literals
    swap = coding.endswith("sw")
    bits = int(coding.removesuffix("sw")[1:])
    if coding[0] == "f":
        data = struct.pack(">f" if bits == 32 else ">d", float(value))  # noqa: PLR2004 - bits
    else:
        data = round(float(value)).to_bytes(bits // 8, "big", signed=coding[0] == "s")
    words = [data[n] << 8 | data[n + 1] for n in range(0, len(data), 2)]
    return words[::-1] if swap else words


@dataclass
class Image:
    """Registers by table and address; what is not there answers exception 2."""

    registers: dict[tuple[str, int], int] = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)
    identification: dict[int, str] = field(default_factory=dict)
    read_only: set[tuple[str, int]] = field(default_factory=set)  # a write there answers exception 4
    vregs: dict[int, bytes] = field(default_factory=dict)
    vreg_at: int | None = None
    on_write: Callable[[int, list[int]], None] | None = None
    max_count: int = 125
    told: list[tuple[str, int, int]] = field(default_factory=list)  # table, address and size of each truth

    def put(self, table: str, at: int, coding: str, value: float | str) -> None:
        """Store one value."""
        for n, word in enumerate(to_words(coding, value)):
            self.registers[table, at + n] = word

    def fill(self, lines: list[Line], truths: dict[str, float | str]) -> None:
        """Store every truth that the table has a line for."""
        for table, at, coding, name, factor in lines:
            value = truths[name]
            self.told.append((table, at, len(to_words(coding, 0 if not isinstance(value, str) else value))))
            self.put(table, at, coding, value if isinstance(value, str) else value * factor)

    def read(self, table: str, at: int, count: int) -> list[int] | int:
        """Return registers, or an exception code."""
        if not 1 <= count <= self.max_count:
            return 3
        words = [self.registers.get((table, at + n)) for n in range(count)]
        return 2 if None in words else [word for word in words if word is not None]

    def write(self, at: int, words: list[int]) -> int:
        """Store registers; return 0 or an exception code."""
        places = [("h", at + n) for n in range(len(words))]
        if any(place not in self.registers for place in places):
            return 2
        if any(place in self.read_only for place in places):
            return 4
        self.registers.update(zip(places, words, strict=True))
        if self.on_write is not None:
            self.on_write(at, words)
        return 0
