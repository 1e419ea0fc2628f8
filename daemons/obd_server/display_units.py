"""The units that the user of the GX has chosen, for the page to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from velib_async import CallError

if TYPE_CHECKING:
    from velib_async import Bus

SETTINGS = "com.victronenergy.settings"
SPEED, TEMPERATURE = "/Settings/Gps/SpeedUnit", "/Settings/System/Units/Temperature"
"""Set by the GX's user interface: "km/h", "m/s", "mph" or "kt"; "celsius", "fahrenheit" or "" (not chosen)."""
TIMEOUT_S = 5.0
IMPERIAL, METRIC = "imperial", "metric"


def choose_system(speed: Any, temperature: Any) -> str | None:
    """Return which of the page's two systems fits, None when the user has chosen nothing."""
    if speed == "mph" or (temperature == "fahrenheit" and speed != "km/h"):
        return IMPERIAL
    return METRIC if speed in ("km/h", "m/s") or temperature == "celsius" else None


async def read_system(bus: Bus) -> str | None:
    """Return the system that the settings of the GX ask for, None when there are none. Never adds a setting."""
    return choose_system(await _read(bus, SPEED), await _read(bus, TEMPERATURE))


async def _read(bus: Bus, path: str) -> Any:
    try:
        (value,) = await bus.call(SETTINGS, path, "com.victronenergy.BusItem", "GetValue", timeout_s=TIMEOUT_S)
    except CallError:
        return None  # older firmware does not have every setting
    return value
