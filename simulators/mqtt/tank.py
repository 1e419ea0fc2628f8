"""A tank that is used up tap by tap and refilled when it is nearly empty, or a waste tank: the other way round."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Final

from simulators.mqtt.command import run

if TYPE_CHECKING:
    from simulators.mqtt.model import Values

FRESH_WATER: Final = 1
WASTE_WATER: Final = 2

TAP_M3_PER_S: Final = 10e-3 / 60  # a household tap: 10 litres per minute
HOSE_M3_PER_S: Final = 60e-3 / 60  # a dock hose, or a pump
TAP_OPENS_PER_S: Final = 1 / 20
TAP_CLOSES_PER_S: Final = 1 / 40
REFILL_BELOW: Final = 0.1
FULL: Final = 0.97


class Tank:
    """A tank of capacity_m3; the rates above are per second of simulated time."""

    service_type: Final = "tank"

    def __init__(
        self,
        name: str = "Simulated fresh water",
        *,
        fluid: int = FRESH_WATER,
        capacity_m3: float = 0.2,
        filled: float = 0.6,
        noise: random.Random | None = None,
    ) -> None:
        self._name = name
        self._fluid = fluid
        self._capacity_m3 = capacity_m3
        self._is_waste = fluid == WASTE_WATER
        self._left_m3 = (1 - filled if self._is_waste else filled) * capacity_m3  # to be used until hose or pump start
        self._noise = noise or random.Random()
        self._tap_open = True
        self._refilling = False

    def setup(self) -> Values:
        """Name, fluid and size."""
        return {"CustomName": self._name, "FluidType": self._fluid, "Capacity": self._capacity_m3, "Status": 0}

    def advance(self, elapsed_s: float) -> None:
        """Use, and refill or pump out."""
        chance = elapsed_s * (TAP_CLOSES_PER_S if self._tap_open else TAP_OPENS_PER_S)
        if self._noise.random() < chance:
            self._tap_open = not self._tap_open
        flow = HOSE_M3_PER_S if self._refilling else 0.0
        if self._tap_open:
            flow -= TAP_M3_PER_S
        self._left_m3 = min(max(self._left_m3 + flow * elapsed_s, 0.0), self._capacity_m3)
        left = self._left_m3 / self._capacity_m3
        self._refilling = left < FULL if self._refilling else left < REFILL_BELOW

    def values(self) -> Values:
        """Level in % and content in m3."""
        content_m3 = self._capacity_m3 - self._left_m3 if self._is_waste else self._left_m3
        return {"Level": round(100 * content_m3 / self._capacity_m3, 2), "Remaining": round(content_m3, 5)}


if __name__ == "__main__":
    sys.exit(run("tank", {"t1": Tank()}))
