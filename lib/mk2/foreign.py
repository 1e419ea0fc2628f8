"""Tells whether somebody else talks to our interface: replies arrive that we did not ask for. Pure."""

from __future__ import annotations

from collections import deque

LIMIT = 3
"""So many replies to nobody's question within `PERIOD_S` prove a second program: noise makes one in a month."""

PERIOD_S = 30.0


class ForeignTraffic:
    """Counts replies that nobody here asked for."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=LIMIT)

    def note(self, now: float) -> bool:
        """Note such a reply; return whether it is the one that proves it."""
        was = self.is_seen(now)
        self._times.append(now)
        return not was and self.is_seen(now)

    def is_seen(self, now: float) -> bool:
        """Tell whether another program has been talking lately."""
        return len(self._times) == LIMIT and now - self._times[0] < PERIOD_S
