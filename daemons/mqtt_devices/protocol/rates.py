"""How often something may be said: to one device, and in the log."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

# Levels remembered at a time. Beyond that the oldest is forgotten, which costs at most one Error too many.
MAX_LEVELS = 1024
# A device that goes on sending what is refused gets one line a minute: the log of a GX is 100 KB, and other things
# happen there too.
REPEAT_PERIOD_S = 60.0


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


class LogPace:
    """Which of the complaints that repeat are worth a log line: the first of a kind, then one a minute."""

    def __init__(self, period_s: float = REPEAT_PERIOD_S) -> None:
        self._period_s = period_s
        self._lines: OrderedDict[tuple[str, str], _Line] = OrderedDict()

    def due(self, kind: tuple[str, str], now: float) -> int:
        """Count one complaint of a kind; return how many there were since the last line if it gets one, else 0."""
        line = self._lines.setdefault(kind, _Line())
        self._lines.move_to_end(kind)
        if len(self._lines) > MAX_LEVELS:
            self._lines.popitem(last=False)
        line.count += 1
        if line.written is not None and now - line.written < self._period_s:
            return 0
        count, line.count, line.written = line.count, 0, now
        return count


@dataclass(slots=True)
class _Line:
    """What was last written about a kind of complaint."""

    count: int = 0  # complaints since then
    written: float | None = None
