"""The latest value of every command, and whether it still counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from obd_server.protocol.reading import Reading

SHORTEST_AGE_S = 10.0
"""A value is never called old before this."""
PERIODS = 3
"""A value that was missed so often is old."""


class Values:
    """period_s: how often a command is asked."""

    def __init__(self, period_s: Callable[[str], float]) -> None:
        self._period_s = period_s
        self._readings: dict[str, Reading] = {}

    def receive(self, reading: Reading) -> None:
        """Take a value. One that the vehicle did not give leaves the last one, which then grows old."""
        if reading.value is not None:
            self._readings[reading.name] = reading

    def get(self, name: str, now: float) -> float | str | None:
        """Return the value, None when there is none or it is old."""
        reading = self._readings.get(name)
        return reading.value if reading and now - reading.received <= self.max_age_s(name) else None

    def max_age_s(self, name: str) -> float:
        """Return how long a value of name counts."""
        return max(PERIODS * self._period_s(name), SHORTEST_AGE_S)

    def reading(self, name: str) -> Reading | None:
        """Return the last value with its time, however old."""
        return self._readings.get(name)

    @property
    def names(self) -> list[str]:
        """The commands that ever had a value; these are in capitals, what the link itself tells is not."""
        return [name for name in self._readings if name.isupper()]

    def clear(self) -> None:
        """Forget everything: the link is gone."""
        self._readings.clear()
