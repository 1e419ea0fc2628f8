"""Export limiting: the inputs from D-Bus, the decision from the pure controller, the command to one of our inverters.

Inputs are the services' own values, not com.victronenergy.system's, which come later and are of several sources:
grid meter /Ac/Power and its energies; battery /Dc/0/Power /Dc/0/Voltage /Soc; vebus /State /Ac/ActiveIn/P;
hub4 /PvPowerLimiterActive. Settings are those of the document that this replaces.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.exportlimit import ExportLimit, Inputs
from velib_async import CallError, SettingError
from velib_async.client import Monitor, Service, servicetype
from velib_async.localsettings import Setting

if TYPE_CHECKING:
    from modbus_client.fleet import Fleet
    from modbus_client.protocol.exportlimit import Decision, ExportLimitConfig
    from modbus_client.unit import Unit
    from velib_async import Bus
    from velib_async.localsettings import Settings

PERIOD_S = 1.0
SETTING_LIMIT_S = 0.5
_BASE = "/Settings/DynamicGeneration"
_ENERGY, _DERATE, _FORCE = f"{_BASE}/energyDifference", f"{_BASE}/derateGeneration", f"{_BASE}/forceDerateGeneration"
MAX_ENERGY_KWH = 1_000_000
WATCHED = {
    "grid": ("/Ac/Power", "/Ac/L1/Power", "/Ac/L2/Power", "/Ac/L3/Power", "/Ac/Energy/Forward", "/Ac/Energy/Reverse"),
    "battery": ("/Dc/0/Power", "/Dc/0/Voltage", "/Soc"),
    "vebus": ("/State", "/Ac/ActiveIn/P"),
    "hub4": ("/PvPowerLimiterActive",),
}

_log = logging.getLogger(__name__)


def _watcher(kind: str) -> type[Service]:
    name = f"com.victronenergy.{kind}"
    return type(f"Watched{kind.title()}", (Service,), {"servicetype": name, "paths": {*WATCHED[kind], "/Connected"}})


class Limiter:
    """Runs the controller once a second. One inverter of this daemon, named by its ident, is commanded."""

    def __init__(self, config: ExportLimitConfig, fleet: Fleet, settings: Settings) -> None:
        self._config = config
        self._control = ExportLimit(config)
        self._fleet = fleet
        self._settings = settings
        self._heard: dict[str, float] = {}  # service name -> when its power was last told
        self._monitor: Monitor | None = None
        self.status = ""

    async def run(self, bus: Bus) -> None:
        """Limit until cancelled; then the inverter gets its safe value, because nobody watches the grid any more."""
        await self._settings.add(
            Setting(_ENERGY, 0, 0, MAX_ENERGY_KWH), Setting(_DERATE, 0, 0, 1), Setting(_FORCE, 0, 0, 1)
        )
        handlers = {f"com.victronenergy.{kind}": _watcher(kind) for kind in WATCHED}
        self._monitor = await Monitor.create(bus, self._on_change, handlers)
        try:
            while True:
                await self._step()
                await asyncio.sleep(PERIOD_S)
        finally:
            unit = self._inverter()
            if unit is not None:
                await unit.leave()  # before anything that needs the bus, which may hang
            await self._monitor.close()

    def _on_change(self, service: Service, values: dict[str, Any]) -> None:
        if any(path.endswith(("/Power", "/P")) for path in values):
            self._heard[service.name] = time.monotonic()

    async def _step(self) -> None:
        decision = self._control.decide(self._inputs())
        status = self._obstacle() or decision.status
        if status != self.status:
            _log.info("export limit: %s", status)
            self.status = status
        await self._apply(decision)
        if int(decision.derate) != self._settings.get(_DERATE):
            await self._show_derated(int(decision.derate))

    async def _show_derated(self, value: int) -> None:
        """Set the setting that others look at. A localsettings that is gone or hangs must not hold up the limit."""
        with contextlib.suppress(TimeoutError, CallError, SettingError):
            async with asyncio.timeout(SETTING_LIMIT_S):
                await self._settings.set(_DERATE, value)

    async def _apply(self, decision: Decision) -> None:
        """Command the inverter. What it does not take is decided on anew at the next step."""
        unit = self._inverter()
        if unit is None or unit.publisher is None:
            return
        rated_w = unit.publisher.value("/Ac/MaxPower")
        limit_w = rated_w if decision.limit_w is None else decision.limit_w
        if not rated_w:
            return
        unit.at_end = None if decision.limit_w is None else (self._config.safe_w or 0.0, rated_w)
        if decision.limit_w is not None and not decision.write:
            unit.controls.renew_limit()
        if decision.write and unit.is_up and await unit.write("/Ac/PowerLimit", limit_w):
            unit.publish({"/Ac/PowerLimit": limit_w})

    def _obstacle(self) -> str:
        """Return why nothing can be limited; empty when it can."""
        unit, name = self._inverter(), self._config.inverter
        if unit is None or unit.publisher is None:
            return f"there is no inverter {name} yet; nothing is limited"
        if "/Ac/PowerLimit" not in unit.publisher.service:
            return f"{name} has no /Ac/PowerLimit; nothing is limited"
        return (
            "" if unit.publisher.value("/Ac/MaxPower") else f"the rated power of {name} is unknown; nothing is limited"
        )

    def _inverter(self) -> Unit | None:
        """Return it while it has a service; of two specs that lead to one inverter, one has."""
        return next(
            (u for u in self._fleet.units if u.ident == self._config.inverter and u.publisher is not None), None
        )

    def _inputs(self) -> Inputs:
        grid, battery, vebus = self._first("grid"), self._first("battery"), self._first("vebus")
        hub4, unit = self._first("hub4"), self._inverter()
        publisher = unit.publisher if unit and unit.is_up else None
        forward, reverse = self._value(grid, "/Ac/Energy/Forward"), self._value(grid, "/Ac/Energy/Reverse")
        grid_w = self._grid_power(grid)
        known = grid_w is not None and forward is not None and reverse is not None
        is_fresh = self._is_fresh(battery) and self._is_fresh(vebus)
        return Inputs(
            grid_w=grid_w,
            pv_w=publisher.value("/Ac/Power") if publisher else None,
            rated_w=publisher.value("/Ac/MaxPower") if publisher else None,
            commanded_w=publisher.value("/Ac/PowerLimit") if publisher else None,
            battery_w=self._value(battery, "/Dc/0/Power"),
            battery_soc=self._value(battery, "/Soc"),
            battery_v=self._value(battery, "/Dc/0/Voltage"),
            multi_state=self._value(vebus, "/State"),
            multi_ac_in_w=self._value(vebus, "/Ac/ActiveIn/P") if is_fresh else None,  # it widens the limit by itself
            energy_difference_kwh=forward - reverse if known else None,
            energy_set_point_kwh=float(self._settings.get(_ENERGY)),
            force=bool(self._settings.get(_FORCE)),
            other_limiter=self._value(hub4, "/PvPowerLimiterActive") == 1,
        )

    def _is_fresh(self, service: Service | None) -> bool:
        """Tell whether its power has moved of late: a real one never stands still."""
        if service is None:
            return False
        return time.monotonic() - self._heard.get(service.name, float("-inf")) <= self._config.stale_s

    def _grid_power(self, grid: Service | None) -> float | None:
        """Return the power at the meter, None when it is unknown or has not moved for too long."""
        if grid is None or not self._is_fresh(grid):
            return None
        if grid.seen("/Ac/Power"):
            total = grid.get_value("/Ac/Power")
            return None if total is None else float(total)
        phases = [self._value(grid, f"/Ac/L{n}/Power") for n in (1, 2, 3)]
        present = [float(phase) for phase in phases if phase is not None]
        return sum(present) if present else None

    def _first(self, kind: str) -> Service | None:
        name = f"com.victronenergy.{kind}"
        found = [s for s in (self._monitor.services if self._monitor else ()) if servicetype(s.name) == name]
        return next((s for s in sorted(found, key=lambda s: s.name) if s.get_value("/Connected") != 0), None)

    @staticmethod
    def _value(service: Service | None, path: str) -> Any:
        return None if service is None else service.get_value(path)
