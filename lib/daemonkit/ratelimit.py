"""Log and send no more than is useful: pure, the caller brings the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

KEYS_LIMIT = 1024  # things that are broken at the same time; beyond it the oldest is forgotten, and may be logged again


class Limiter:
    """Allow `per_s` events per second on average, and `burst` at once (a token bucket)."""

    def __init__(self, per_s: float, burst: float = 1.0) -> None:
        if per_s <= 0 or burst < 1:
            raise ValueError(f"needs per_s > 0 and burst >= 1, not {per_s} and {burst}")
        self.per_s = per_s
        self.burst = burst
        self.refused = 0
        self._tokens = burst
        self._last: float | None = None

    def allow(self, now: float) -> bool:
        """Say whether an event at `now` (seconds, monotonic) may pass; `refused` counts those since the last that did.

        Read `refused` before the call that passes to tell how many were left out.
        """
        if self._last is not None:
            self._tokens = min(self.burst, self._tokens + max(0.0, now - self._last) * self.per_s)
        self._last = now
        # A billionth of an event forgives what adding up floats loses.
        if self._tokens < 1.0 - 1e-9:
            self.refused += 1
            return False
        self._tokens -= 1.0
        self.refused = 0
        return True


class LogOnce:
    """Say a thing once when it breaks and once when it is back.

    >>> once = LogOnce()
    >>> [once.broke("broker"), once.broke("broker"), once.mended("broker"), once.mended("broker")]
    [True, False, True, False]
    """

    def __init__(self, limit: int = KEYS_LIMIT) -> None:
        self._limit = limit
        self._broken: dict[Hashable, None] = {}

    def broke(self, key: Hashable = None) -> bool:
        """Return True when `key` was not broken before: now is the time to log it."""
        if key in self._broken:
            return False
        if len(self._broken) >= self._limit:
            del self._broken[next(iter(self._broken))]
        self._broken[key] = None
        return True

    def mended(self, key: Hashable = None) -> bool:
        """Return True when `key` was broken until now: now is the time to log that it is back."""
        if key not in self._broken:
            return False
        del self._broken[key]
        return True
