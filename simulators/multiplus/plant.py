"""The electrical truth: what a MultiPlus would measure, simple enough to check by hand.

There are no losses, so at every moment and on every phase: drawn from the mains = used by the loads + put into the
battery. All powers are in watts and positive in the direction that the name says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

OFF, CHARGER_ONLY, INVERTER_ONLY, ON = 4, 1, 2, 3
STATE_OFF, STATE_INVERT, STATE_PASS, STATE_CHARGE = 2, 4, 8, 9
CHARGE_POWER_W = 420.0
MAX_POWER_W = 2400.0


@dataclass(slots=True)
class Phase:
    """One phase at one moment."""

    mains_v: float
    mains_w: float
    output_v: float
    output_w: float
    charge_w: float
    state: int

    @property
    def mains_a(self) -> float:
        """Current from the mains, negative while feeding in."""
        return self.mains_w / self.mains_v if self.mains_v else 0.0

    @property
    def output_a(self) -> float:
        """Current to the loads."""
        return self.output_w / self.output_v if self.output_v else 0.0


class Plant:
    """Loads, mains and battery of a small house.

    Attributes:
        mains_present: whether the AC input has power.
        switch: 1 charger only, 2 inverter only, 3 on, 4 off.
        setpoints_w: power to draw from the mains per phase, None where nobody set one.
        charge_allowed: cleared by ESS.
    """

    def __init__(self, phases: int = 1) -> None:
        self.phases = phases
        self.mains_present = True
        self.switch = ON
        self.setpoints_w: list[float | None] = [None] * phases
        self.charge_allowed = True
        self.soc = 0.80
        self.battery_ah = 200.0
        self.absorption_v = 28.8
        self.load_w = [350.0 + 90.0 * index for index in range(phases)]
        self.mains_hz = 50.05
        self._soc_at: float | None = None

    def phase(self, index: int, now: float) -> Phase:
        """Return the truth about one phase, counted from 0."""
        wave = math.sin(now / 17.0 + index)
        mains_v = 230.0 + 2.0 * wave if self.mains_present else 0.0
        load = self.load_w[index] + 60.0 * math.sin(now / 11.0 + 2 * index)
        if self.switch == OFF or (self.switch == CHARGER_ONLY and not self.mains_present):
            return Phase(mains_v, 0.0, 0.0, 0.0, 0.0, STATE_OFF)
        if not self.mains_present or self.switch == INVERTER_ONLY:
            return Phase(mains_v, 0.0, 230.0, load, -load, STATE_INVERT)
        charge = self._charge(index, load)
        return Phase(mains_v, load + charge, mains_v, load, charge, STATE_CHARGE if charge >= 0 else STATE_PASS)

    def _charge(self, index: int, load: float) -> float:
        setpoint = self.setpoints_w[index]
        wanted = CHARGE_POWER_W if setpoint is None else setpoint - load
        if wanted > 0 and not self.charge_allowed:
            return 0.0
        return max(-MAX_POWER_W, min(MAX_POWER_W, wanted))

    def charge_w(self, now: float) -> float:
        """Return what flows into the battery from all phases."""
        return sum(self.phase(index, now).charge_w for index in range(self.phases))

    def battery_v(self, now: float) -> float:
        """Return the battery voltage: higher when full, and higher while charged."""
        return 24.0 + 2.6 * self.soc + 0.0004 * self.charge_w(now)

    def battery_a(self, now: float) -> float:
        """Return the battery current, positive while charging."""
        return self.charge_w(now) / self.battery_v(now)

    def advance(self, now: float) -> None:
        """Let the battery fill or empty up to this moment."""
        if self._soc_at is not None:
            hours = (now - self._soc_at) / 3600
            self.soc = min(1.0, max(0.05, self.soc + self.battery_a(now) * hours / self.battery_ah))
        self._soc_at = now
