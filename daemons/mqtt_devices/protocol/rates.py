"""How often something may be said: to one device, and in the log."""

from __future__ import annotations

from collections import OrderedDict

# Levels remembered at a time. Beyond that the oldest is forgotten, which costs at most one Error too many.
MAX_LEVELS = 1024


class LevelLimiter:
    """At most one Error per period and topic level."""

    def __init__(self, period_s: float = 1.0) -> None:
        self._period_s = period_s
        self._last: OrderedDict[str, float] = OrderedDict()

    def allows(self, level: str, now: float) -> bool:
        """Whether `level` may be answered now; counts it when so."""
        last = self._last.get(level)
        if last is not None and now - last < self._period_s:
            return False
        self._last[level] = now
        self._last.move_to_end(level)
        if len(self._last) > MAX_LEVELS:
            self._last.popitem(last=False)
        return True
