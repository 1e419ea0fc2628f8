"""Bounds that no real system leaves: what does is noise with a lucky checksum. Pure."""

from __future__ import annotations

BATTERY_V = (5.0, 80.0)
BATTERY_A = (-3000.0, 3000.0)
AC_V = (0.0, 330.0)
AC_A = (-400.0, 400.0)
FREQUENCY_HZ = (35.0, 75.0)
POWER_W = (-60000.0, 60000.0)
SOC = (0.0, 1.0)
RIPPLE_V = (0.0, 40.0)
ANY = (float("-inf"), float("inf"))


def within(value: float | None, bounds: tuple[float, float]) -> bool:
    """Tell whether a value is possible; an unknown one is."""
    return value is None or bounds[0] <= value <= bounds[1]
