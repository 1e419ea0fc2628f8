"""A set point that is written often: no more often than the device likes, nor for ever after its writer has died."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SetPoint:
    """Decides when a value is written. Times are of one monotonic clock.

    A value that comes too early is kept and written later; only the latest counts. With `hold_s` the safe value follows
    when nobody has asked for that long; with `refresh_s` the value is repeated, for devices that drop it by themselves.
    """

    interval_s: float
    safe: float
    hold_s: float = 0.0
    refresh_s: float = 0.0
    wanted: float | None = None
    written: float | None = None
    is_failing: bool = False  # the device has not taken the last one
    _asked_at: float = 0.0
    _written_at: float = float("-inf")

    def ask(self, value: float, now: float) -> bool:
        """Take a new value; tell whether it is to be written at once."""
        self.wanted, self._asked_at = value, now
        return now - self._written_at >= self.interval_s

    def renew(self, now: float) -> None:
        """Note that whoever asked stands by it."""
        self._asked_at = now

    def due(self, now: float) -> float | None:
        """Return the value that is to be written now, None when there is none."""
        if self.wanted is None or now - self._written_at < self.interval_s:
            return None
        if self.hold_s and now - self._asked_at > self.hold_s:
            self.wanted = self.safe
        if self.wanted != self.written:
            return self.wanted
        is_old = self.refresh_s and self.wanted != self.safe and now - self._written_at >= self.refresh_s
        return self.wanted if is_old else None

    def wrote(self, value: float, now: float) -> None:
        """Note that the device has taken a value."""
        self.written, self._written_at, self.is_failing = value, now, False

    def failed(self, now: float) -> None:
        """Note that the device has refused; it is tried again after the interval."""
        self._written_at, self.is_failing = now, True
