"""Export limiting: the inputs from D-Bus, the decision from the pure controller, the command to one of our inverters.

Inputs are the services' own values, not com.victronenergy.system's, which come later and are of several sources:
grid meter /Ac/Power and its energies; battery /Dc/0/Power /Dc/0/Voltage /Soc; vebus /State /Ac/ActiveIn/P;
hub4 /PvPowerLimiterActive. Settings are those of the document that this replaces.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.exportlimit import ExportLimit, Inputs
from velib_async.client import Monitor, Service, servicetype
from velib_async.localsettings import Setting

if TYPE_CHECKING:
    from modbus_client.fleet import Fleet
    from modbus_client.protocol.exportlimit import Decision, ExportLimitConfig
    from modbus_client.unit import Unit
    from velib_async import Bus
    from velib_async.localsettings import Settings

PERIOD_S = 1.0
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
            await self._monitor.close()
            await self._leave_safe()

    def _on_change(self, service: Service, values: dict[str, Any]) -> None:
        if any(path.endswith("/Power") for path in values):
            self._heard[service.name] = time.monotonic()

    async def _step(self) -> None:
        decision = self._control.decide(self._inputs())
        if decision.status != self.status:
            _log.info("export limit: %s", decision.status)
            self.status = decision.status
        if int(decision.derate) != self._settings.get(_DERATE):
            await self._settings.set(_DERATE, int(decision.derate))
        if decision.write:
            await self._apply(decision)

    async def _apply(self, decision: Decision) -> None:
        unit = self._inverter()
        rated_w = unit.publisher.value("/Ac/MaxPower") if unit and unit.publisher else None
        await self._command(decision.limit_w if decision.limit_w is not None else rated_w)

    async def _command(self, limit_w: float | None) -> None:
        unit = self._inverter()
        if unit is None or unit.publisher is None or limit_w is None or not unit.is_up:
            return
        if await unit.write("/Ac/PowerLimit", limit_w):
            unit.publisher.publish({"/Ac/PowerLimit": limit_w})

    async def _leave_safe(self) -> None:
        unit = self._inverter()
        rated_w = unit.publisher.value("/Ac/MaxPower") if unit and unit.publisher else None
        if unit is not None and rated_w and unit.is_up:
            await unit.controls.force_limit(self._config.safe_w or 0.0, rated_w)

    def _inverter(self) -> Unit | None:
        return next((unit for unit in self._fleet.units if unit.ident == self._config.inverter), None)

    def _inputs(self) -> Inputs:
        grid, battery, vebus = self._first("grid"), self._first("battery"), self._first("vebus")
        hub4, unit = self._first("hub4"), self._inverter()
        publisher = unit.publisher if unit and unit.is_up else None
        forward, reverse = self._value(grid, "/Ac/Energy/Forward"), self._value(grid, "/Ac/Energy/Reverse")
        known = forward is not None and reverse is not None
        return Inputs(
            grid_w=self._grid_power(grid),
            pv_w=publisher.value("/Ac/Power") if publisher else None,
            rated_w=publisher.value("/Ac/MaxPower") if publisher else None,
            battery_w=self._value(battery, "/Dc/0/Power"),
            battery_soc=self._value(battery, "/Soc"),
            battery_v=self._value(battery, "/Dc/0/Voltage"),
            multi_state=self._value(vebus, "/State"),
            multi_ac_in_w=self._value(vebus, "/Ac/ActiveIn/P"),
            energy_difference_kwh=forward - reverse if known else None,
            energy_set_point_kwh=float(self._settings.get(_ENERGY)),
            force=bool(self._settings.get(_FORCE)),
            other_limiter=self._value(hub4, "/PvPowerLimiterActive") == 1,
        )

    def _grid_power(self, grid: Service | None) -> float | None:
        """Return the power at the meter, None when it has not moved for too long: a real meter never stands still."""
        if grid is None or time.monotonic() - self._heard.get(grid.name, float("-inf")) > self._config.stale_s:
            return None
        total = self._value(grid, "/Ac/Power")
        if total is not None:
            return float(total)
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
