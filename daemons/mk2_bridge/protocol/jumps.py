"""Tells a jump from a lie. Pure.

About one damaged frame in 256 passes the checksum, and shows a value that can be as plausible as it is wrong. Such a
lie stands alone: the next reading is where the last true one was. A real jump is still there at the next reading.
"""

from __future__ import annotations

from dataclasses import dataclass

Vector = tuple[float | None, ...]

MAX_DOUBTED = 2
"""After so many doubted readings in a row the next one counts wherever it is: something really moves that wildly."""


def is_near(one: Vector, other: Vector, tolerances: tuple[float, ...]) -> bool:
    """Tell whether no component differs by more than its tolerance; from known to unknown is far."""
    if len(one) != len(other):
        return False
    for a, b, tolerance in zip(one, other, tolerances, strict=True):
        if (a is None) != (b is None) or (a is not None and b is not None and abs(a - b) > tolerance):
            return False
    return True


@dataclass(slots=True)
class JumpFilter:
    """Lets readings of one kind pass: those near the last that passed, and those that a second one confirms."""

    tolerances: tuple[float, ...]
    _passed: Vector | None = None
    _doubted: Vector | None = None
    _count: int = 0

    def passes(self, reading: Vector) -> bool:
        """Tell whether a reading counts."""
        tolerances = self.tolerances * (len(reading) // len(self.tolerances))
        is_confirmed = self._count >= MAX_DOUBTED or any(
            known is not None and is_near(known, reading, tolerances) for known in (self._passed, self._doubted)
        )
        if is_confirmed:
            self._passed, self._doubted, self._count = reading, None, 0
        else:
            self._doubted = reading
            self._count += 1
        return is_confirmed
