"""The latest readings of a system, each with its time: what is too old, or impossible, is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mk2.frames.led import Leds
from mk2.frames.status import StateReply
from mk2.reading import ConfigReading
from mk2_bridge.protocol.alarms import AlarmHold
from mk2_bridge.protocol.energy import EnergyCounter
from mk2_bridge.protocol.jumps import JumpFilter
from mk2_bridge.protocol.states import ConfirmedState
from mk2_bridge.vectors import is_possible, vector_of

MAX_AGE_S = {"battery": 90.0, "extended": 40.0, "load": 10.0}
USUAL_MAX_AGE_S = 5.0
"""At 2400 baud everything of the fast tier is read twice a second or more; ten times missed is unknown."""


@dataclass(slots=True)
class Readings:
    """Takes readings as `mk2.jobs.plan_jobs` names them.

    Attributes:
        state, alarms, energy: what grows out of several readings.
        rejected: how many were impossible, or not confirmed by the next.
    """

    state: ConfirmedState = field(default_factory=ConfirmedState)
    alarms: AlarmHold = field(default_factory=AlarmHold)
    energy: EnergyCounter = field(default_factory=EnergyCounter)
    rejected: int = 0
    _latest: dict[str, tuple[Any, float]] = field(default_factory=dict)
    _filters: dict[str, JumpFilter] = field(default_factory=dict)

    def take(self, name: str, reading: object, now: float) -> None:
        """Take a reading."""
        if not is_possible(reading) or not self._is_confirmed(name, reading):
            self.rejected += 1
            return
        self._latest[name] = (reading, now)
        if isinstance(reading, StateReply):
            self.state.take(reading.state, reading.substate)
        elif isinstance(reading, ConfigReading) and reading.frame.leds is not None:
            self._take_leds(reading.frame.leds, now)
        elif isinstance(reading, Leds):
            self._take_leds(reading, now)
        elif name == "powers":
            self._take_powers(reading, now)

    def _is_confirmed(self, name: str, reading: object) -> bool:
        tolerances, vector = vector_of(reading)
        if vector is None:
            return True
        return self._filters.setdefault(name, JumpFilter(tolerances)).passes(vector)

    def _take_leds(self, leds: Leds, now: float) -> None:
        if leds.is_known:
            self._latest["leds"] = (leds, now)
            self.alarms.take(leds.on, leds.blink, now)

    def _take_powers(self, powers: Any, now: float) -> None:
        flows = [
            (power.mains_w, power.output_w, power.inverter_w)
            for power in powers
            if None not in (power.mains_w, power.output_w, power.inverter_w)
        ]
        config: ConfigReading | None = self.get("config", now)
        self.energy.take(flows, 2 if config is not None and config.frame.last_input == 1 else 1, now)

    def get(self, name: str, now: float) -> Any:
        """Return the latest reading of this name, None when there is none or it is too old."""
        reading, at = self._latest.get(name, (None, now))
        return reading if now - at <= MAX_AGE_S.get(name, USUAL_MAX_AGE_S) else None

    def forget(self) -> None:
        """Know nothing any more but the energy."""
        self._latest.clear()
        self._filters.clear()
        self.state.forget()
        self.alarms.forget()
