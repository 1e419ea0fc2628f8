"""A boat on a circular course on a lake."""

from __future__ import annotations

import math
import random
import sys
from typing import TYPE_CHECKING, Final

from simulators.mqtt.command import run

if TYPE_CHECKING:
    from simulators.mqtt.model import Values

METRES_PER_DEGREE: Final = 111_195.0  # of latitude, on a sphere of 6371 km
CENTRE_LATITUDE: Final = 52.60  # the Markermeer: open water, and nobody's home
CENTRE_LONGITUDE: Final = 5.20
LAKE_LEVEL_M: Final = -0.3
WAVE_S: Final = 7.0
WAVE_M: Final = 0.3


class Boat:
    """A boat at speed_m_per_s round a circle, clockwise."""

    service_type: Final = "gps"

    def __init__(
        self,
        name: str = "Simulated boat",
        *,
        radius_m: float = 400.0,
        speed_m_per_s: float = 3.0,
        noise: random.Random | None = None,
    ) -> None:
        self._name = name
        self._radius_m = radius_m
        self._speed_m_per_s = speed_m_per_s
        self._noise = noise or random.Random()
        self._age_s = 0.0
        self._bearing = 0.0  # of the boat from the centre, radians clockwise from north

    def setup(self) -> Values:
        """The name."""
        return {"CustomName": self._name}

    def advance(self, elapsed_s: float) -> None:
        """Sail on."""
        self._age_s += elapsed_s
        self._bearing = (self._bearing + self._speed_m_per_s * elapsed_s / self._radius_m) % (2 * math.pi)

    def values(self) -> Values:
        """Position and course in degrees, speed in m/s, altitude in m."""
        north_m = self._radius_m * math.cos(self._bearing)
        east_m = self._radius_m * math.sin(self._bearing)
        metres_per_degree_east = METRES_PER_DEGREE * math.cos(math.radians(CENTRE_LATITUDE))
        return {
            "Fix": 1,
            "NrOfSatellites": 9 + self._noise.choice((-1, 0, 0, 0, 1)),
            "Position/Latitude": round(CENTRE_LATITUDE + north_m / METRES_PER_DEGREE, 6),
            "Position/Longitude": round(CENTRE_LONGITUDE + east_m / metres_per_degree_east, 6),
            "Speed": self._speed_m_per_s,
            "Course": round((math.degrees(self._bearing) + 90.0) % 360.0, 1),
            "Altitude": round(LAKE_LEVEL_M + WAVE_M * math.sin(2 * math.pi * self._age_s / WAVE_S), 2),
        }


if __name__ == "__main__":
    sys.exit(run("gps", {"g1": Boat()}))
