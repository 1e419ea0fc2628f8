"""Devices that announced themselves: listed on D-Bus, and served once somebody enabled them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from modbus_client.connection import Line
from modbus_client.hooks import HOOKS
from modbus_client.layout import ItemSpec
from modbus_client.protocol.errors import NoAnswer, Unusable
from modbus_client.protocol.prepare import Prepared, prepare
from modbus_client.protocol.spec import DeviceSpec
from modbus_client.search import ask_line, find_device
from velib_async.localsettings import Setting

if TYPE_CHECKING:
    from modbus_client.fleet import Fleet
    from modbus_client.house import House
    from modbus_client.protocol.mdns import Announcement
    from modbus_client.scanservice import ScanService

MAX_ANNOUNCED = 32
"""More devices of three kinds than any installation has."""
PATIENCE = 3

_log = logging.getLogger(__name__)


class Announced:
    """Follows announcements. New devices are disabled until /Devices/<ident>/Enabled is set to 1."""

    def __init__(self, fleet: Fleet, house: House, scans: ScanService) -> None:
        self._fleet = fleet
        self._house = house
        self._scans = scans
        self._queue: asyncio.Queue[Announcement] = asyncio.Queue(MAX_ANNOUNCED)
        self._known: dict[str, DeviceSpec] = {}  # ident to where it is

    def hear(self, announcement: Announcement) -> None:
        """Take an announcement; one too many is heard again with the next answer."""
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(announcement)

    async def run(self) -> None:
        """Look at what is announced, until cancelled."""
        while True:
            announcement = await self._queue.get()
            method = "udp" if announcement.kind.endswith("._udp") else "tcp"
            spec = DeviceSpec(method, announcement.address, announcement.port, 0)  # type: ignore[arg-type]  # literals
            places = {(known.method, known.target, known.number) for known in self._served()}
            if (spec.method, spec.target, spec.number) not in places and len(self._known) < MAX_ANNOUNCED:
                await self._look(spec, announcement.name)

    def _served(self) -> list[DeviceSpec]:
        return [*self._known.values(), *(unit.config.spec for unit in self._fleet.units)]

    async def _look(self, spec: DeviceSpec, name: str) -> None:
        found = await self._identify(spec)
        if found is None:
            return
        spec, prepared = found
        ident = prepared.ident
        moved = self._known.get(ident)
        if moved is not None:
            await self._fleet.remove(moved)  # the same device with another address
        self._known[ident] = spec
        path = f"/Settings/Devices/{ident}/Enabled"
        values = await self._house.settings.add(Setting(path, 0, 0, 1))
        _log.info("%s announces itself as %s, %s", name, ident, "enabled" if values[path] else "not enabled")
        base = f"/Devices/{ident}"
        self._scans.list_device(
            ItemSpec(f"{base}/Enabled", "int", values[path], None, True, 0, 1),
            ItemSpec(f"{base}/Serial", "text", str(prepared.info_value("/Serial") or "")),
            ItemSpec(f"{base}/Name", "text", name),
        )
        if values[path]:
            await self._fleet.add(spec)

    async def _identify(self, spec: DeviceSpec) -> tuple[DeviceSpec, Prepared] | None:
        with contextlib.closing(Line(spec.endpoint())) as line:
            try:
                found = await find_device(line, spec, self._fleet.catalogue, patience=PATIENCE)
                if found is None:
                    return None
                unit, match = found
                hook = HOOKS.get(match.definition.hook or "")
                spec = spec.with_unit(unit)
                return spec, await ask_line(line, unit, prepare(match, spec, hook, {}))
            except (NoAnswer, Unusable) as error:
                _log.debug("%s: %s", spec, error)
                return None

    async def enable(self, ident: str, value: Any) -> bool:
        """Serve an announced device, or not any more."""
        spec = self._known.get(ident)
        if spec is None:
            return False
        await self._house.settings.set(f"/Settings/Devices/{ident}/Enabled", value)
        await (self._fleet.add(spec) if value else self._fleet.remove(spec))
        return True
