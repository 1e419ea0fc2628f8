"""One box with several sensors, registered as one client: a freezer, a waste tank and a position."""

from __future__ import annotations

import sys

from simulators.mqtt.command import run
from simulators.mqtt.gps import Boat
from simulators.mqtt.tank import WASTE_WATER, Tank
from simulators.mqtt.temperature import Fridge

if __name__ == "__main__":
    sys.exit(
        run(
            "combo",
            {
                "t1": Fridge("Simulated second fridge", start_c=4.0),
                "t2": Tank("Simulated waste tank", fluid=WASTE_WATER, capacity_m3=0.08, filled=0.3),
                "g1": Boat("Simulated dinghy", radius_m=60.0, speed_m_per_s=1.5),
            },
        )
    )
