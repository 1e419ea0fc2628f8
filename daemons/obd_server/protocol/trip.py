"""Distance, fuel and running time, added up from speed and fuel rate. Pure: time comes in."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

RUNNING_RPM = 300.0
"""Above: the engine runs by itself (idle is at 600 or more). A starter turns it at some 200."""
MAX_GAP_S = 15.0
"""A rate this old is not carried on: nobody knows what happened since."""
NEW_TRIP_S = 2 * 3600.0
"""A stop of so long ends the trip; a shorter one is a break."""
STOICHIOMETRIC = 14.7
"""Grams of air that a gram of petrol burns with; the engine control keeps to it."""
PETROL_G_PER_L = 745.0
SHORTEST_KM = 1.0
"""Below, litres per 100 km say nothing yet."""
PETROL = ("Gasoline", "Hybrid Gasoline", "Bifuel running Gasoline")
"""Only for these can the air flow be turned into fuel: a diesel engine runs with any surplus of air."""


@dataclass(slots=True)
class Totals:
    """What is persisted. Kilometres, litres, seconds."""

    trip_km: float = 0.0
    trip_l: float = 0.0
    trip_s: float = 0.0
    total_km: float = 0.0
    total_l: float = 0.0
    engine_s: float = 0.0


@dataclass(slots=True)
class _Rate:
    value: float = 0.0
    at: float | None = None

    def add(self, value: float | None, now: float) -> float:
        """Take a new rate; returns what the old one amounted to since it came (rate times seconds)."""
        amount = 0.0
        if self.at is not None and 0 < now - self.at <= MAX_GAP_S:
            amount = (self.value if value is None else (self.value + value) / 2) * (now - self.at)
        self.at = None if value is None else now
        self.value = value or 0.0
        return amount

    def current(self, now: float) -> float | None:
        """Return the rate, None when it is old or not known."""
        return self.value if self.at is not None and now - self.at <= MAX_GAP_S else None


@dataclass(slots=True)
class Trip:
    """The recorder of one vehicle."""

    totals: Totals = field(default_factory=Totals)
    _speed: _Rate = field(default_factory=_Rate)
    _fuel: _Rate = field(default_factory=_Rate)
    _engine: _Rate = field(default_factory=_Rate)
    _fuel_type: str = ""
    _has_rate: bool = False
    _stopped_at: float | None = None

    def receive(self, name: str, value: Any, now: float) -> None:
        """Take a value of the vehicle: SPEED km/h, RPM, FUEL_RATE L/h, MAF g/s, FUEL_TYPE text."""
        if name == "FUEL_TYPE":
            self._fuel_type = value if isinstance(value, str) else self._fuel_type
        number = float(value) if isinstance(value, int | float) else None
        if name == "SPEED":
            kilometres = self._speed.add(number, now) / 3600.0
            self.totals.trip_km += kilometres
            self.totals.total_km += kilometres
        elif name == "FUEL_RATE":
            self._has_rate = self._has_rate or number is not None
            self._burn(number, now)
        elif name == "MAF" and not self._has_rate and self._fuel_type in PETROL:
            self._burn(None if number is None else number * 3600.0 / STOICHIOMETRIC / PETROL_G_PER_L, now)
        elif name == "RPM":
            self._run(number, now)

    @property
    def is_running(self) -> bool | None:
        """Whether the engine ran when last heard of; None when nothing was heard."""
        return None if self._engine.at is None else self._engine.value > 0

    def engine_running(self, now: float) -> int | None:
        """Return 1 or 0, None when the engine speed is old or not known."""
        running = self._engine.current(now)
        return None if running is None else int(running > 0)

    def figures(self, now: float, tank_l: float | None) -> dict[str, float | None]:
        """Return what is shown: rates now, sums, and how far the fuel lasts. tank_l: litres in the tank if known."""
        totals, rate, speed = self.totals, self._fuel.current(now), self._speed.current(now)
        average = (
            totals.trip_l / totals.trip_km * 100.0 if totals.trip_km >= SHORTEST_KM and totals.trip_l > 0 else None
        )
        return {
            "fuel_rate": rate,
            "consumption": rate / speed * 100.0 if rate is not None and speed and speed > 5 else None,  # noqa: PLR2004
            "trip_distance": totals.trip_km,
            "trip_fuel": totals.trip_l if totals.trip_l > 0 else None,
            "trip_consumption": average,
            "trip_time": totals.trip_s,
            "total_distance": totals.total_km,
            "engine_hours": totals.engine_s / 3600.0,
            "range": tank_l / average * 100.0 if tank_l is not None and average else None,
        }

    def restore(self, saved: Any) -> None:
        """Take back what save() gave; whatever does not fit is left at zero."""
        if isinstance(saved, dict):
            for name in asdict(self.totals):
                value = saved.get(name)
                if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:  # noqa: PLR2004
                    setattr(self.totals, name, float(value))

    def save(self) -> dict[str, float]:
        """Return what must survive a restart."""
        return {name: round(value, 3) for name, value in asdict(self.totals).items()}

    def reset(self) -> None:
        """Begin a new trip."""
        self.totals.trip_km = self.totals.trip_l = self.totals.trip_s = 0.0

    def _burn(self, litres_per_hour: float | None, now: float) -> None:
        litres = self._fuel.add(litres_per_hour, now) / 3600.0
        self.totals.trip_l += litres
        self.totals.total_l += litres

    def _run(self, rpm: float | None, now: float) -> None:
        runs = rpm is not None and rpm > RUNNING_RPM
        seconds = self._engine.add(None if rpm is None else float(runs), now)
        self.totals.trip_s += seconds
        self.totals.engine_s += seconds
        if runs:
            if self._stopped_at is not None and now - self._stopped_at > NEW_TRIP_S:
                self.reset()
            self._stopped_at = None
        elif self._stopped_at is None:
            self._stopped_at = now
