"""Which services have been silent for too long. A value costs one assignment here, however many services there are."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mqtt_devices.protocol.effects import ServiceKey


@dataclass(slots=True, eq=False)
class _Clock:
    key: ServiceKey
    timeout_s: float
    heard: float
    is_stale: bool = False


@dataclass(order=True, slots=True)
class _Due:
    # Not later than the clock's own deadline, which moves on with each value; looked at again when it comes.
    at: float
    clock: _Clock = field(compare=False)


class Freshness:
    """The clocks of all services that have a timeout."""

    def __init__(self) -> None:
        self._clocks: dict[ServiceKey, _Clock] = {}
        self._due: list[_Due] = []

    def watch(self, key: ServiceKey, timeout_s: float, now: float) -> None:
        """Begin anew with a service; a timeout of 0 is none."""
        self.forget(key)
        if timeout_s > 0:
            clock = self._clocks[key] = _Clock(key, timeout_s, now)
            heapq.heappush(self._due, _Due(now + timeout_s, clock))

    def touch(self, key: ServiceKey, now: float) -> bool:
        """A value came; returns whether the service had been silent for too long."""
        clock = self._clocks.get(key)
        if clock is None:
            return False
        clock.heard = now
        was_stale, clock.is_stale = clock.is_stale, False
        if was_stale:
            heapq.heappush(self._due, _Due(now + clock.timeout_s, clock))
        return was_stale

    def forget(self, key: ServiceKey) -> None:
        """No longer watch a service."""
        self._clocks.pop(key, None)

    def is_stale(self, key: ServiceKey) -> bool:
        """Whether a service's values are too old."""
        clock = self._clocks.get(key)
        return clock is not None and clock.is_stale

    @property
    def deadline(self) -> float | None:
        """When expire() is to be called next, at the latest."""
        while self._due and self._clocks.get(self._due[0].clock.key) is not self._due[0].clock:
            heapq.heappop(self._due)
        return self._due[0].at if self._due else None

    def expire(self, now: float) -> list[ServiceKey]:
        """The services that have become too old since the last call."""
        expired = []
        while (at := self.deadline) is not None and at <= now:
            clock = heapq.heappop(self._due).clock
            deadline = clock.heard + clock.timeout_s
            if deadline > now:
                heapq.heappush(self._due, _Due(deadline, clock))
            else:
                clock.is_stale = True
                expired.append(clock.key)
        return expired
