"""Alarms on a level that the platform expects a driver to raise, by thresholds that the user sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mqtt_devices.protocol.service_types import AlarmRule, Value

# As Victron's drivers of tank sensors have it (dbus-ble-sensors): 0 or 1, never 2.
QUIET, RAISED = 0, 1


class LevelAlarm:
    """One alarm. Raised when the level has been beyond Active for Delay seconds, over when it is back at Restore."""

    def __init__(self, rule: AlarmRule) -> None:
        self.rule = rule
        self._since: float | None = None  # beyond the threshold, not raised yet
        self.deadline: float | None = None  # when update() is to be called, whether or not there is a new level

    def update(self, get: Callable[[str], Value], now: float) -> int | None:
        """The state, None while it cannot be known; `get` returns the present value of a path."""
        path = self.rule.path
        was_raised = bool(get(f"{path}/State"))
        level = get(self.rule.of)
        threshold = get(f"{path}/{'Restore' if was_raised else 'Active'}")
        is_known = isinstance(level, int | float) and isinstance(threshold, int | float)
        if not get(f"{path}/Enable") or not is_known:
            self.reset()
            return None if get(f"{path}/Enable") else QUIET
        is_beyond = level > threshold if self.rule.is_high else level < threshold  # type: ignore[operator] # is_known
        if was_raised or not is_beyond:
            self.reset()
            return RAISED if is_beyond else QUIET
        return self._wait(get(f"{path}/Delay"), now)

    def reset(self) -> None:
        """Wait for nothing: the level is not beyond the threshold, or not known."""
        self._since = self.deadline = None

    def _wait(self, delay_s: Value, now: float) -> int:
        if self._since is None:
            self._since = now
        due = self._since + (delay_s if isinstance(delay_s, int | float) else 0)
        self.deadline = due if due > now else None
        if self.deadline is not None:
            return QUIET
        self._since = None
        return RAISED
