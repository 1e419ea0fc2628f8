"""The winmon slots X, Y and Z: which is free, and which rests because an answer may still come. Pure."""

from __future__ import annotations

from collections.abc import Collection  # noqa: TC003  # used in a signature only, and costs nothing

SLOTS = ("X", "Y", "Z")

QUARANTINE_S = 2.0
"""How long a slot rests after a request on it was given up: the reply may still come and must not be mistaken."""


class Slots:
    """Knows which slots rest; which are in use, the caller knows."""

    def __init__(self) -> None:
        self._resting: dict[str, float] = {}

    def rest(self, slot: str, now: float, period_s: float = QUARANTINE_S) -> None:
        """Let a slot rest from now on."""
        self._resting[slot] = now + period_s

    def is_resting(self, slot: str, now: float) -> bool:
        """Tell whether a reply on this slot can be the late answer to a request that was given up."""
        return self._resting.get(slot, now) > now

    def wake(self, slot: str) -> None:
        """End a slot's rest: the late answer has come."""
        self._resting.pop(slot, None)

    def free(self, taken: Collection[str], now: float) -> str | None:
        """Return a slot to use, or None."""
        return next((slot for slot in SLOTS if slot not in taken and not self.is_resting(slot, now)), None)

    def next_free_at(self, now: float) -> float | None:
        """Return when the first of the resting slots may be used again, None when none rests."""
        return min((time for time in self._resting.values() if time > now), default=None)
