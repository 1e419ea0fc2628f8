"""Counters of one connection, for diagnostics. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LATENCY_BOUNDS_MS = (25, 50, 75, 100, 150, 200, 300, 500, 1000)
"""Upper ends of the histogram's classes; the last class is open."""


@dataclass(slots=True)
class Statistics:
    """What happened since the connection was opened."""

    requests: int = 0
    replies: int = 0
    timeouts: int = 0
    refusals: int = 0
    unknown_frames: int = 0
    late_replies: int = 0
    foreign_replies: int = 0
    boots: int = 0
    latencies: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_MS) + 1))

    def count_latency(self, seconds: float) -> None:
        """Put one request's time from sending to reply into its class."""
        milliseconds = seconds * 1000
        for index, bound in enumerate(LATENCY_BOUNDS_MS):
            if milliseconds <= bound:
                self.latencies[index] += 1
                return
        self.latencies[-1] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return all counters by name, the histogram as upper bound -> count."""
        counters = {name: getattr(self, name) for name in self.__slots__ if name != "latencies"}
        bounds = [f"<={bound} ms" for bound in LATENCY_BOUNDS_MS] + ["more"]
        return counters | {"latency": dict(zip(bounds, self.latencies, strict=True))}
