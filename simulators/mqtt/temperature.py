"""A fridge: heat leaks in, a compressor with hysteresis takes it out again."""

from __future__ import annotations

import math
import random
import sys
from typing import TYPE_CHECKING, Final

from simulators.mqtt.command import run

if TYPE_CHECKING:
    from simulators.mqtt.model import Values

FRIDGE: Final = 1

LEAK_S: Final = 900.0  # time constant towards the cabin's temperature
COOLING_C_PER_S: Final = 0.05
ON_ABOVE_C: Final = 6.0
OFF_BELOW_C: Final = 3.0
SENSOR_NOISE_C: Final = 0.02
TIDE_S: Final = 6 * 3600.0  # period of the slow swing of the air pressure


class Fridge:
    """A fridge in a cabin of cabin_c degrees, with a sensor that also knows humidity, air pressure and its battery."""

    service_type: Final = "temperature"

    def __init__(
        self,
        name: str = "Simulated fridge",
        *,
        cabin_c: float = 22.0,
        start_c: float = 5.0,
        noise: random.Random | None = None,
    ) -> None:
        self._name = name
        self._cabin_c = cabin_c
        self._inside_c = start_c
        self._noise = noise or random.Random()
        self._compressor = False
        self._age_s = 0.0

    def setup(self) -> Values:
        """Name and kind."""
        return {"CustomName": self._name, "TemperatureType": FRIDGE, "Status": 0}

    def advance(self, elapsed_s: float) -> None:
        """Leak and cool; the compressor has a thermostat with two limits."""
        self._age_s += elapsed_s
        warming = 1 - math.exp(-elapsed_s / LEAK_S)
        self._inside_c += (self._cabin_c - self._inside_c) * warming
        if self._compressor:
            self._inside_c -= COOLING_C_PER_S * elapsed_s
        self._compressor = self._inside_c > (OFF_BELOW_C if self._compressor else ON_ABOVE_C)

    def values(self) -> Values:
        """Temperature in degrees C, humidity in %, pressure in hPa, battery in V."""
        return {
            "Temperature": round(self._inside_c + self._noise.gauss(0, SENSOR_NOISE_C), 2),
            "Humidity": round(75.0 - 3.0 * (self._inside_c - OFF_BELOW_C), 1),
            "Pressure": round(1013.0 + 4.0 * math.sin(2 * math.pi * self._age_s / TIDE_S), 1),
            "BatteryVoltage": round(max(3.0 - self._age_s * 1e-7, 2.0), 3),
        }


if __name__ == "__main__":
    sys.exit(run("temperature", {"t1": Fridge()}))
