"""Whether a device is there: a single lost reply is nothing, lasting silence is a state of its own."""

from __future__ import annotations

from dataclasses import dataclass

SILENCE_S = 5.0
"""A grid meter that says nothing for this long must not steer an inverter any more."""
MISSES = 3
"""Fewer lost replies than this are chance, however long they took."""
FIRST_RETRY_S = 1.0
MAX_RETRY_S = 25.0
"""With its timeout and one preparation this stays below the 30 s in which a device that woke must be back."""


@dataclass(slots=True)
class Liveness:
    """Silence, and when to try again. All times are of one monotonic clock."""

    heard_at: float
    silence_s: float = SILENCE_S
    is_up: bool = False
    misses: int = 0
    retry_at: float = 0.0
    is_told: bool = False  # somebody has been told of the silence
    _delay_s: float = FIRST_RETRY_S

    def heard(self, now: float) -> bool:
        """Note an answer; tell whether the device was down before."""
        came_up = not self.is_up
        self.heard_at, self.is_up, self.misses = now, True, 0
        self.retry_at, self._delay_s, self.is_told = 0.0, FIRST_RETRY_S, False
        return came_up

    def missed(self, now: float) -> bool:
        """Note a missing answer; tell whether that makes its silence known: once each time, also from the start."""
        self.misses += 1
        if not self.is_up:
            self.retry_at = now + self._delay_s
            self._delay_s = min(MAX_RETRY_S, 2 * self._delay_s)
            was_told, self.is_told = self.is_told, self.is_told or self.misses >= MISSES
            return self.is_told and not was_told
        if self.misses < MISSES or now - self.heard_at < self.silence_s:
            return False
        self.is_up, self.is_told = False, True
        self._delay_s = FIRST_RETRY_S
        self.retry_at = now + self._delay_s
        return True
