"""Error slots: /Error/0../Id. An active error keeps its slot for as long as it lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modbus_client.protocol.functions import ErrorBits

_SEVERITY = "ewi"
Fault = tuple[str, int]
"""Level e, w or i, and code."""


def faults_in(rule: ErrorBits, words: Sequence[int]) -> set[Fault]:
    """Return the errors that the registers of a rule report."""
    found: set[Fault] = set()
    for number, word in enumerate(words):
        if rule.kind == "bits":
            found |= {(rule.levels[1], rule.code + 16 * number + bit) for bit in range(16) if word >> bit & 1}
        elif rule.kind == "nibbles":
            nibbles = [(word >> shift & 0xF) for shift in (12, 8, 4, 0)]
            found |= {
                (rule.levels[nibble], rule.code + 4 * number + place)
                for place, nibble in enumerate(nibbles)
                if nibble in rule.levels
            }
        elif word and (level := rule.levels.get(number)):
            found.add((level, rule.code + number))
    return found


@dataclass(slots=True)
class ErrorSlots:
    """The slots of one device."""

    vendor: str
    size: int
    offset: int = 0
    _slots: list[Fault | None] = field(default_factory=list)

    def update(self, faults: Iterable[Fault]) -> dict[str, str | int]:
        """Place the active errors; return every slot's value, and /ErrorCode for the first."""
        active = set(faults)
        slots = self._slots or [None] * self.size
        slots = [fault if fault in active else None for fault in slots]
        new = sorted(active - set(slots), key=lambda fault: (_SEVERITY.index(fault[0]), fault[1]))
        for place, fault in enumerate(slots):
            if fault is None and new:
                slots[place] = new.pop(0)
        self._slots = slots
        values: dict[str, str | int] = {f"/Error/{n}/Id": self._id(fault) for n, fault in enumerate(slots)}
        first = next((fault for fault in slots if fault is not None), None)
        values["/ErrorCode"] = self.offset + first[1] if first else 0
        return values

    def _id(self, fault: Fault | None) -> str:
        return f"{self.vendor}:{fault[0]}-{fault[1]}" if fault else ""
