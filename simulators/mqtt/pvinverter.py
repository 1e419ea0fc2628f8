"""A single-phase PV inverter under a sun whose day is short and whose sky has clouds."""

from __future__ import annotations

import math
import random
import sys
from typing import TYPE_CHECKING, Final

from simulators.mqtt.command import run

if TYPE_CHECKING:
    from simulators.mqtt.model import Values

AC_OUTPUT: Final = 1
RUNNING: Final = 7
STANDBY: Final = 8

DAY_S: Final = 1200.0  # sunrise to sunrise, so that a whole day fits into a coffee break
SUNRISE: Final = 0.25  # of the day
START: Final = 0.4
CLOUD_S: Final = 20.0  # how slowly the clouds pass
GRID_V: Final = 230.0
GRID_OHM: Final = 0.4  # what lifts the voltage while power flows out
JOULE_PER_KWH: Final = 3.6e6


class PvInverter:
    """An inverter of peak_w under a sky that changes."""

    service_type: Final = "pvinverter"

    def __init__(
        self, name: str = "Simulated PV inverter", *, peak_w: float = 3000.0, noise: random.Random | None = None
    ) -> None:
        self._name = name
        self._peak_w = peak_w
        self._noise = noise or random.Random()
        self._time_of_day = START
        self._clearness = 0.9
        self._energy_j = 120 * JOULE_PER_KWH
        self._power_w = 0.0
        self.advance(0.0)

    def setup(self) -> Values:
        """Name, place and size."""
        return {"CustomName": self._name, "Position": AC_OUTPUT, "Ac/MaxPower": self._peak_w, "ErrorCode": 0}

    def advance(self, elapsed_s: float) -> None:
        """Move the sun and the clouds, count the energy."""
        self._time_of_day = (self._time_of_day + elapsed_s / DAY_S) % 1.0
        self._clearness += (self._noise.uniform(0.3, 1.0) - self._clearness) * min(elapsed_s / CLOUD_S, 1.0)
        elevation = math.sin(2 * math.pi * (self._time_of_day - SUNRISE))
        self._power_w = self._peak_w * max(elevation, 0.0) * self._clearness
        self._energy_j += self._power_w * elapsed_s

    def values(self) -> Values:
        """Power in W, current in A, voltage in V, energy in kWh; the total equals the one phase."""
        power_w = round(self._power_w, 1)
        # P = U * I and U = grid + R * I, solved for U
        voltage_v = round((GRID_V + math.sqrt(GRID_V**2 + 4 * GRID_OHM * power_w)) / 2, 2)
        current_a = round(power_w / voltage_v, 3)
        energy_kwh = round(self._energy_j / JOULE_PER_KWH, 4)
        return {
            "Ac/Power": power_w,
            "Ac/Current": current_a,
            "Ac/Energy/Forward": energy_kwh,
            "Ac/L1/Power": power_w,
            "Ac/L1/Voltage": voltage_v,
            "Ac/L1/Current": current_a,
            "Ac/L1/Energy/Forward": energy_kwh,
            "StatusCode": RUNNING if power_w > 0 else STANDBY,
        }


if __name__ == "__main__":
    sys.exit(run("pvinverter", {"p1": PvInverter()}))
