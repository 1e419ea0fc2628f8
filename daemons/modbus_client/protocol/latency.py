"""How long a device takes to answer, and how long to wait for it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_REMEMBERED = 8
"""Answers over which the slowest counts: about one cycle over all blocks of a device."""
_MARGIN = 4.0
MAX_TIMEOUT_S = 2.0
"""A device slower than this blocks its line for everyone; it is treated as silent."""


@dataclass(slots=True)
class Latency:
    """Follows the slowest recent answer: quickly upwards, slowly down."""

    minimum_s: float
    smooth_s: float = 0.0
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def answered(self, elapsed_s: float) -> None:
        """Take in one answer time."""
        self._recent.append(elapsed_s)
        worst = max(self._recent)
        weight = 0.75 if worst > self.smooth_s else 0.25
        self.smooth_s += weight * (worst - self.smooth_s)

    @property
    def timeout_s(self) -> float:
        """How long to wait for the next answer, besides the time that its bytes need on the wire."""
        return min(MAX_TIMEOUT_S, max(self.minimum_s, _MARGIN * self.smooth_s))
