"""com.victronenergy.obd.*: the link, trouble codes, trip and every polled value, for MQTT, Node-RED and scripts.

No user interface of the GX shows this type, and nothing in Venus acts on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obd_server.publisher import MIN_INTERVAL_S, PROCESS
from velib_async.mandatory import add_mandatory_items
from velib_async.service import DoubleItem, IntegerItem, Item, Service, TextItem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obd_server.values import Values
    from obdio.snapshot import Snapshot
    from velib_async import Bus
    from velib_async.settings import Settings

TYPE, UNIQUE = "obd", "obd_vehicle"
NAME = f"com.victronenergy.{TYPE}.{UNIQUE}"
UNKNOWN_PRODUCT = 0xFFFF
MAX_VALUES = 128
"""Paths below /Values; no vehicle has more single-number PIDs."""
FIGURES = {
    "fuel_rate": ("/Fuel/Rate", "L/h", 1),
    "consumption": ("/Fuel/Consumption", "L/100 km", 1),
    "range": ("/Fuel/Range", "km", 0),
    "trip_distance": ("/Trip/Distance", "km", 1),
    "trip_fuel": ("/Trip/Fuel", "L", 2),
    "trip_consumption": ("/Trip/Consumption", "L/100 km", 1),
    "trip_time": ("/Trip/Time", "s", 0),
    "total_distance": ("/Total/Distance", "km", 0),
    "engine_hours": ("/Engine/Hours", "h", 1),
}


def link_paths(link: Snapshot) -> dict[str, Any]:
    """Return what is known about the link, by path."""
    return {
        "/Connected": int(link.status == "Car Connected"),
        "/State": link.state.value,
        "/Reason": link.reason,
        "/Protocol": link.protocol_name,
        "/Voltage": link.voltage_v,
    }


class VehicleService:
    """The service that is always there, with or without a vehicle."""

    def __init__(self, bus: Bus, settings: Settings, *, version: str, own: Mapping[str, tuple[str, str]]) -> None:
        self.bus = bus
        self._settings = settings
        self._version = version
        self._own = own
        self._service = Service(bus, NAME, min_interval_s=MIN_INTERVAL_S)

    async def open(self, connection: str) -> None:
        """Add the items and register. own: command -> (path below /Own, unit). Raises NameTaken, BusLost."""
        instance = await self._settings.allocate_instance(UNIQUE, TYPE)
        add_mandatory_items(
            self._service,
            process_name=PROCESS,
            process_version=self._version,
            connection=connection,
            device_instance=instance,
            product_id=UNKNOWN_PRODUCT,
            product_name="Vehicle (OBD)",
            connected=0,
        )
        for path in ("/State", "/Reason", "/Protocol"):
            self._service.add_item(TextItem(path))
        for path in ("/EngineRunning", "/Mil", "/Dtc/Count"):
            self._service.add_item(IntegerItem(path))
        self._add_number("/Voltage", "V", 1)
        for path, unit, decimals in FIGURES.values():
            self._add_number(path, unit, decimals)
        for path, unit in self._own.values():
            self._add_number(f"/Own{path}", unit, None)
        await self._service.register()

    def tick(
        self, link: Snapshot, engine_running: int | None, figures: Mapping[str, Any], values: Values, now: float
    ) -> None:
        """Publish. engine_running: 1, 0, None for unknown; figures: by the names in FIGURES."""
        with self._service as changes:
            changes["/EngineRunning"] = engine_running
            for path, value in link_paths(link).items():
                changes[path] = value
            for name, (path, _, _) in FIGURES.items():
                changes[path] = figures.get(name)
            for name, (path, _) in self._own.items():
                changes[f"/Own{path}"] = _number(values.get(name, now))
            mil, count = values.get("MIL", now), values.get("STATUS", now)
            changes["/Mil"] = None if mil is None else int(float(mil))
            changes["/Dtc/Count"] = None if count is None else int(float(count))
            self._tick_values(changes, values, now)

    @property
    def items(self) -> dict[str, Any]:
        """What is shown now."""
        return {path: item.value for path, item in self._service.items.items()}

    async def close(self) -> None:
        """Take the service off the bus and close its connection."""
        await self._service.close()
        await self.bus.close()

    def _tick_values(self, changes: Any, values: Values, now: float) -> None:
        for name in values.names:
            path = f"/Values/{name}"
            if path not in self._service:
                if len(self._service.items) > MAX_VALUES or _number(values.get(name, now)) is None:
                    continue
                self._add_number(path, "", None)
            changes[path] = _number(values.get(name, now))

    def _add_number(self, path: str, unit: str, decimals: int | None) -> None:
        def text(value: float) -> str:
            return f"{value:.{decimals}f} {unit}".rstrip() if decimals is not None else f"{value:g} {unit}".rstrip()

        self._service.add_item(DoubleItem(path, text=text) if unit or decimals else Item(path, text=text))


def _number(value: float | str | None) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)
