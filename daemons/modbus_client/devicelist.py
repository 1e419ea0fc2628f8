"""The Devices settings: which devices are saved, and following a person who edits them."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from modbus_client.coexist import read_fork_devices, read_held
from modbus_client.protocol.spec import format_saved, parse_saved
from velib_async.localsettings import Setting

if TYPE_CHECKING:
    from modbus_client.coexist import Places
    from modbus_client.fleet import Fleet
    from modbus_client.protocol.spec import DeviceSpec
    from velib_async import Bus
    from velib_async.localsettings import Settings

STOCK_CHECK_S = 10.0
"""How soon a device that was added to the stock driver is left to it."""

_log = logging.getLogger(__name__)


def list_name(tty: str) -> str:
    """Return the name of a tty's settings: its last part, as far as a settings path can hold it."""
    return re.sub(r"[^A-Za-z0-9_]", "_", tty.rsplit("/", 1)[-1]).lstrip("_")


class DeviceList:
    """The saved devices of the network and of each serial line; each has a setting of its own, as it always had."""

    def __init__(self, settings: Settings, places: Places, fleet: Fleet, fixed: list[DeviceSpec]) -> None:
        self._settings = settings
        self._places = places
        self._fleet = fleet
        self._fixed = fixed  # from the command line and the configuration: served, and not saved
        self._names: list[str] = []
        self._wanted: set[DeviceSpec] = set()
        self.saved: list[DeviceSpec] = []

    def path(self, name: str, what: str = "Devices") -> str:
        """Return the path of a setting of `tcp`, or of a tty."""
        return f"{self._places.settings}/{name}/{what}"

    async def open(self, bus: Bus, ttys: list[str]) -> None:
        """Add the settings, and serve what is saved."""
        self._names = ["tcp", *map(list_name, ttys)]
        for name in self._names:
            auto = 0 if name == "tcp" else 1
            await self._settings.add(Setting(self.path(name), ""), Setting(self.path(name, "AutoScan"), auto, 0, 1))
        for tty in ttys:
            await self._migrate(bus, tty)
        await self.follow()

    async def _migrate(self, bus: Bus, tty: str) -> None:
        """Take over what a fork of the driver saved for this tty, once."""
        path = self.path(list_name(tty))
        if self._settings.get(path):
            return
        old = await read_fork_devices(bus, tty) or await read_fork_devices(bus, tty.rsplit("/", 1)[-1])
        specs, _ = parse_saved(old)
        if specs:
            _log.info("taking over %s from an older driver for %s", format_saved(specs), tty)
            await self._settings.set(path, format_saved(specs))

    def is_mine(self, path: str) -> bool:
        """Tell whether a changed setting is one of these lists."""
        return path in {self.path(name) for name in self._names}

    @property
    def held(self) -> frozenset[DeviceSpec]:
        """What the stock driver polls: not even a scan asks there."""
        return self._places.held

    def auto_scan(self, name: str) -> bool:
        """Tell whether a scan may start by itself."""
        return bool(self._settings.get(self.path(name, "AutoScan")))

    async def follow_stock(self, bus: Bus) -> None:
        """Let go of what the stock driver has begun to poll, and take what it polls no more; until cancelled."""
        while self._places.is_beside_stock:
            await asyncio.sleep(STOCK_CHECK_S)
            held = await read_held(bus)
            if held is not None and held != self._places.held:
                self._places = replace(self._places, held=held)
                await self.follow()

    async def follow(self) -> None:
        """Serve exactly what is configured and saved now."""
        saved: list[DeviceSpec] = []
        for name in self._names:
            specs, faults = parse_saved(str(self._settings.get(self.path(name))))
            saved += specs
            for fault in faults:
                _log.warning("%s: %s", self.path(name), fault)
        self.saved = saved
        wanted = dict.fromkeys([*self._fixed, *saved])
        gone, self._wanted = self._wanted - wanted.keys(), set(wanted)
        for spec in gone:
            if not spec.unit:
                await self._fleet.remove(spec)  # perhaps still looked for
        for unit in self._fleet.units:
            spec = unit.config.spec
            whole = spec.with_part(1)  # the other devices of a chain come with its first one
            names = {spec, whole, whole.with_unit(0)}
            is_gone = not names.isdisjoint(gone) and names.isdisjoint(wanted)  # what announced itself is not ours
            if is_gone or self._places.is_held(spec):
                await self._fleet.remove(spec)
        for spec in wanted:
            if self._places.is_held(spec):
                _log.warning("%s is polled by the stock driver; remove it there, or set replace_stock", spec)
            else:
                await self._fleet.add(spec)

    async def save(self, name: str, found: list[DeviceSpec]) -> None:
        """Add devices that a scan found to a list; the change makes them served."""
        known = parse_saved(str(self._settings.get(self.path(name))))[0]
        await self._settings.set(self.path(name), format_saved([*known, *found]))
