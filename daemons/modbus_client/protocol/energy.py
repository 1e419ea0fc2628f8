"""Energy that a meter does not count the way its owner is billed.

`device` shows the meter's counters. `import_export` integrates the sign of the total power: phases cancel out, as most
European utilities count. `balanced` integrates the positive and the negative phases apart. Both go on from the stored
totals, which begin with the meter's own counters.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_STEP_S = 10.0
"""Power is not extended over a longer gap: nobody knows what flowed while the meter was silent."""
_WS_PER_KWH = 3_600_000.0


@dataclass(slots=True)
class EnergyCounter:
    """Integrates power into imported and exported kWh."""

    mode: str  # "balanced" or "import_export"
    forward_kwh: float | None = None
    reverse_kwh: float | None = None
    _power: tuple[float, ...] = ()
    _at: float | None = None

    def begin(self, forward_kwh: float | None, reverse_kwh: float | None) -> None:
        """Start from the meter's counters, unless stored totals are there already."""
        if self.forward_kwh is None:
            self.forward_kwh = forward_kwh
        if self.reverse_kwh is None:  # it may come with a later read than the other; 0 only if there is none at all
            self.reverse_kwh = reverse_kwh

    def measured(self, phases_w: list[float | None], now: float) -> None:
        """Take in the power of each phase; one that is unknown makes the step unknown."""
        known = tuple(power for power in phases_w if power is not None)
        if len(known) < len(phases_w) or not known:
            self._at = None
            return
        if self._at is not None and now - self._at <= MAX_STEP_S and self.forward_kwh is not None:
            self._integrate(now - self._at)
        self._power, self._at = known, now

    def _integrate(self, step_s: float) -> None:
        flows = [sum(self._power)] if self.mode == "import_export" else list(self._power)
        imported = sum(flow for flow in flows if flow > 0)
        exported = -sum(flow for flow in flows if flow < 0)
        self.forward_kwh = (self.forward_kwh or 0.0) + imported * step_s / _WS_PER_KWH
        self.reverse_kwh = (self.reverse_kwh or 0.0) + exported * step_s / _WS_PER_KWH
