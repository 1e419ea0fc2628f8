"""Keeping grid export at a set point by limiting a PV inverter's output.

The balance at the meter is grid = loads - pv, import positive. To export exactly the set point the inverter may give
what it gives now, plus what is imported, plus the set point: limit = pv + grid + set point. What a charging battery
would like to take on top comes from the Multi's state, because the Multi hides it: it only takes what it sees coming.

Field notes (SDM230, Growatt MIN 4200 and a Multi, from the document that this replaces): the percentage is smoothed, is
commanded only when it moved by more than one percent, never goes below two, and in absorption and bulk the battery gets
a little extra so that charging does not starve.
"""

from __future__ import annotations

from dataclasses import dataclass

SMOOTHING = 0.2
"""Share of a new limit in the commanded one: the inverter's own ramp takes seconds."""
ENERGY_HYSTERESIS_KWH = 2.0
ENERGY_RANGE_KWH = 100.0
"""A difference further off than this is a meter that was exchanged or a set point that was mistyped."""
PV_OFFLINE_W = 50.0
"""An inverter that gives less than this is not worth limiting."""
ABSORPTION_EXTRA_W = 20.0
BULK_EXTRA_W = 40.0
CHARGING_EXTRA_W = 500.0
MAX_CHARGING_W = 3200.0
FULL_SOC = 90.0
FULL_VOLTAGE = 54.5
DISCHARGING_W = -100.0
SAME_W = 1.0
"""The safe value is commanded whatever the band is; closer than this it stands."""
_ABSORPTION, _BULK = 4, 3


@dataclass(frozen=True, slots=True)
class ExportLimitConfig:
    """What the owner says."""

    inverter: str  # ident of the device that is limited, such as pv_NAA1234567
    set_point_w: float = 0.0  # export that is allowed
    band_w: float = 20.0  # a change smaller than this is not commanded
    stale_s: float = 10.0  # inputs older than this are not used
    safe_w: float | None = None  # commanded when an input is stale; None: the inverter's minimum
    by_energy: bool = False  # only while imported - exported energy is below its set point


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the controller sees; None is unknown, or too old."""

    grid_w: float | None = None  # import positive
    pv_w: float | None = None
    rated_w: float | None = None
    commanded_w: float | None = None  # what it may give as it was last told, by whomever; None also after a silence
    battery_w: float | None = None  # charging positive
    battery_soc: float | None = None
    battery_v: float | None = None
    multi_state: int | None = None
    multi_ac_in_w: float | None = None
    energy_difference_kwh: float | None = None  # imported - exported at the grid meter
    energy_set_point_kwh: float = 0.0  # 0: the energy rule is off
    force: bool = False
    other_limiter: bool = False  # com.victronenergy.hub4 limits PV power itself


@dataclass(frozen=True, slots=True)
class Decision:
    """What to command, and why. `limit_w` None: the inverter is not limited."""

    limit_w: float | None
    status: str
    derate: bool = False
    write: bool = True  # False: what was commanded still stands


class ExportLimit:
    """The controller. Call `decide` about once a second."""

    def __init__(self, config: ExportLimitConfig) -> None:
        self.config = config
        self._smooth_w: float | None = None
        self._is_limiting = False  # the limit that stands is ours
        self._derate = False

    def decide(self, inputs: Inputs) -> Decision:
        """Return the limit for these inputs; as long as another one stands, each decision says `write`."""
        if inputs.other_limiter:
            return self._release("hub4 limits PV power; refusing to run", inputs, stay=True)
        self._derate = self._is_derated(inputs)
        if self.config.by_energy and not self._derate:
            if inputs.energy_set_point_kwh and inputs.energy_difference_kwh is None:
                return self._safe("the energy of the grid meter is missing or too old", inputs)
            return self._release("not limited: the energy difference allows export", inputs)
        if inputs.grid_w is None or inputs.pv_w is None or inputs.rated_w is None:
            return self._safe("a value of the grid meter or the inverter is missing or too old", inputs)
        if inputs.pv_w < PV_OFFLINE_W <= (inputs.commanded_w or 0.0) and inputs.grid_w > 0:
            return self._wait("the inverter gives nothing", inputs)
        return self._regulate(inputs.pv_w + inputs.grid_w + self.config.set_point_w + _extra(inputs), inputs)

    def _regulate(self, wanted_w: float, inputs: Inputs) -> Decision:
        wanted_w = min(max(wanted_w, 0.0), inputs.rated_w or 0.0)
        if self._smooth_w is None or wanted_w < self._smooth_w:
            self._smooth_w = wanted_w  # export over the limit must end at once; only going up is smoothed
        else:
            self._smooth_w += SMOOTHING * (wanted_w - self._smooth_w)
        return self._command(self._smooth_w, self.config.band_w, "limiting", inputs)

    def _command(self, limit_w: float, band_w: float, status: str, inputs: Inputs) -> Decision:
        """Command a limit unless one within `band_w` of it stands: somebody else may have written, or nobody could."""
        self._is_limiting = True
        stands_w = inputs.commanded_w
        if stands_w is not None and abs(limit_w - stands_w) < band_w:
            return Decision(stands_w, status, self._derate, write=False)
        return Decision(limit_w, status, self._derate)

    def _wait(self, status: str, inputs: Inputs) -> Decision:
        """Leave the limit as it is: lifted, it would let the whole sun out before it is there again."""
        self._smooth_w = None
        return Decision(inputs.commanded_w, status, self._derate, write=False)

    def _safe(self, why: str, inputs: Inputs) -> Decision:
        self._smooth_w = None
        safe_w = self.config.safe_w if self.config.safe_w is not None else 0.0
        if inputs.rated_w is not None:
            safe_w = min(safe_w, inputs.rated_w)
        return self._command(safe_w, SAME_W, f"safe value: {why}", inputs)

    def _release(self, status: str, inputs: Inputs, *, stay: bool = False) -> Decision:
        """Limit no more; `stay` leaves the inverter alone, because somebody else commands it.

        What is unknown may be the safe value of the last time, so it is lifted, too; the limit of somebody else is not.
        """
        was, self._is_limiting = self._is_limiting, False
        self._smooth_w = None
        return Decision(None, status, self._derate, write=not stay and (was or inputs.commanded_w is None))

    def _is_derated(self, inputs: Inputs) -> bool:
        """Apply the document's rule of energies, with its hysteresis of 2 kWh."""
        if inputs.force:
            return True
        if not inputs.energy_set_point_kwh:
            return False
        if inputs.energy_difference_kwh is None:
            return self._derate
        off = inputs.energy_difference_kwh - inputs.energy_set_point_kwh
        if abs(off) > ENERGY_RANGE_KWH or off > 0:
            return False
        return True if off < -ENERGY_HYSTERESIS_KWH else self._derate


def _extra(inputs: Inputs) -> float:
    """Return what the battery side would take if it were offered."""
    if inputs.battery_w is not None and inputs.battery_w < DISCHARGING_W:
        return max(0.0, -(inputs.multi_ac_in_w or 0.0))
    if inputs.multi_state == _ABSORPTION:
        return ABSORPTION_EXTRA_W
    is_hungry = _is_below(inputs.battery_soc, FULL_SOC) or _is_below(inputs.battery_v, FULL_VOLTAGE)
    if is_hungry and inputs.battery_w is not None and 0 <= inputs.battery_w < MAX_CHARGING_W:
        return CHARGING_EXTRA_W
    return BULK_EXTRA_W if inputs.multi_state == _BULK else 0.0


def _is_below(value: float | None, full: float) -> bool:
    """Tell whether a value is known and below `full`; an empty battery (0 %) is, an unknown one is not."""
    return value is not None and value < full
