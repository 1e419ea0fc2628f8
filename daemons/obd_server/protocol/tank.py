"""A fuel gauge: smoothed against sloshing, with the remaining volume, the fluid and a low alarm. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FLUIDS = {"Gasoline": 6, "Diesel": 7, "LPG": 8, "Bifuel running Gasoline": 6, "Bifuel running LPG": 8}
"""Venus' numbers of fluids, for the names that python-OBD gives for PID 51; others are FUEL."""
FUEL = 0
STATUS_OK, STATUS_UNKNOWN = 0, 4
ALARM_NONE, ALARM_LOW = 0, 2
SMOOTH_S = 60.0
"""Sloshing lasts seconds, driving a litre takes minutes."""
MAX_SAMPLES = 240
"""SMOOTH_S at four values per second."""


class TankLogic:
    """The computed paths of the tank service. settings: those of the service, by path."""

    commands = ("FUEL_LEVEL", "FUEL_TYPE")

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=MAX_SAMPLES)
        self._fuel: str | None = None
        self._below_since: float | None = None
        self._is_alarmed = False

    def receive(self, name: str, value: Any, now: float) -> None:
        """Take a value of one of commands."""
        if name == "FUEL_LEVEL" and isinstance(value, int | float):
            self._samples.append((now, float(value)))
        elif name == "FUEL_TYPE" and isinstance(value, str):
            self._fuel = value

    def paths(self, settings: Mapping[str, Any], now: float, max_age_s: float) -> dict[str, Any]:
        """Return the value of each computed path by the name of its logic."""
        level = self._level(now, max_age_s)
        capacity = settings["/Capacity"]
        fluid = settings["/FluidType"]
        return {
            "level": level,
            "remaining": None if level is None else level / 100.0 * capacity,
            "fluid_type": FLUIDS.get(self._fuel or "", FUEL) if fluid < 0 else fluid,
            "status": STATUS_UNKNOWN if level is None else STATUS_OK,
            "low_alarm": self._alarm(level, settings, now),
        }

    def _level(self, now: float, max_age_s: float) -> float | None:
        # Unknown, not the last level, while the vehicle is parked: tanks are filled with the ignition off, and a level
        # that may be yesterday's would stand on the GX and in VRM without its age.
        if not self._samples or now - self._samples[-1][0] > max_age_s:
            self._samples.clear()
            return None
        while now - self._samples[0][0] > max(SMOOTH_S, max_age_s):
            self._samples.popleft()
        values = sorted(value for _, value in self._samples)
        middle = len(values) // 2
        return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2

    def _alarm(self, level: float | None, settings: Mapping[str, Any], now: float) -> int | None:
        if level is None or not settings["/Alarms/Low/Enable"]:
            self._below_since, self._is_alarmed = None, False
            return None if level is None else ALARM_NONE
        limit = settings["/Alarms/Low/Active"]
        if self._is_alarmed:
            limit = max(limit, settings["/Alarms/Low/Restore"])  # set below the other, it would come and go
        if level >= limit:
            self._below_since, self._is_alarmed = None, False
        else:
            self._below_since = now if self._below_since is None else self._below_since
            self._is_alarmed = self._is_alarmed or now - self._below_since >= settings["/Alarms/Low/Delay"]
        return ALARM_LOW if self._is_alarmed else ALARM_NONE
