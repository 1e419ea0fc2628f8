"""The latest readings of a system, each with its time: what is too old, or impossible, is unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mk2.frames.led import Leds
from mk2.frames.status import ExtendedStatus, StateReply
from mk2.reading import AcReading, ConfigReading, DcReading, PowerReading
from mk2_bridge.protocol import plausible
from mk2_bridge.protocol.alarms import AlarmHold
from mk2_bridge.protocol.energy import EnergyCounter
from mk2_bridge.protocol.jumps import JumpFilter, Vector
from mk2_bridge.protocol.plausible import within
from mk2_bridge.protocol.states import ConfirmedState

MAX_AGE_S = {"battery": 90.0, "extended": 20.0}
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
        if not _is_possible(reading) or not self._is_confirmed(name, reading):
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
        tolerances, vector = _vector(reading)
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


# How far values move between two readings without a second look: V, A, Hz, W, and the state of charge as a fraction.
DC_TOLERANCES = (0.5, 20.0, 0.5)
AC_TOLERANCES = (5.0, 5.0, 5.0, 5.0, 0.5)
POWER_TOLERANCES = (200.0, 200.0, 200.0, 0.02)
EXACT = (0.0,)


def _vector(reading: object) -> tuple[tuple[float, ...], Vector | None]:
    """Return a reading as numbers, with their tolerances; None for what is confirmed elsewhere or seldom read."""
    if isinstance(reading, DcReading):
        return DC_TOLERANCES, (reading.voltage_v, reading.current_a, reading.frequency_hz)
    if isinstance(reading, AcReading):
        voltages = (reading.mains_voltage_v, reading.inverter_voltage_v)
        return AC_TOLERANCES, (*voltages, reading.mains_current_a, reading.inverter_current_a, reading.frequency_hz)
    if isinstance(reading, ConfigReading):
        frame = reading.frame
        limits = (frame.limit_min, frame.limit_max, frame.limit)
        return EXACT, (frame.led_on, frame.led_blink, frame.ac_flags, *limits, frame.switch_register)
    if isinstance(reading, ExtendedStatus):
        return EXACT, (reading.flags,)
    if isinstance(reading, tuple) and reading and isinstance(reading[0], PowerReading):
        parts = [(part.inverter_w, part.mains_w, part.output_w, part.state_of_charge) for part in reading]
        return POWER_TOLERANCES, tuple(value for part in parts for value in part)
    return EXACT, None


def _is_possible(reading: object) -> bool:
    """Tell whether a real system can have such values."""
    if isinstance(reading, DcReading):
        return (
            within(reading.voltage_v, plausible.BATTERY_V)
            and within(reading.current_a, plausible.BATTERY_A)
            and within(reading.frequency_hz, plausible.FREQUENCY_HZ)
        )
    if isinstance(reading, AcReading):
        return (
            within(reading.mains_voltage_v, plausible.AC_V)
            and within(reading.inverter_voltage_v, plausible.AC_V)
            and within(reading.mains_current_a, plausible.AC_A)
            and within(reading.inverter_current_a, plausible.AC_A)
            and within(reading.frequency_hz, plausible.FREQUENCY_HZ)
        )
    if isinstance(reading, tuple):
        return all(_is_possible(part) for part in reading)
    if isinstance(reading, PowerReading):
        powers = (reading.inverter_w, reading.mains_w, reading.output_w)
        return all(within(power, plausible.POWER_W) for power in powers) and within(
            reading.state_of_charge, plausible.SOC
        )
    return not isinstance(reading, ExtendedStatus) or reading.selector == 0xFF  # noqa: PLR2004  # what was asked for
