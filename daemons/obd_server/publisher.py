"""One definition as a service on D-Bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obd_server.protocol.tank import TankLogic
from velib_async.localsettings import Setting
from velib_async.mandatory import add_mandatory_items
from velib_async.service import DoubleItem, IntegerItem, Item, Service, TextItem

if TYPE_CHECKING:
    from obd_server.protocol.definition import PathDefinition, ServiceDefinition
    from obd_server.protocol.reading import Reading
    from obd_server.values import Values
    from velib_async import Bus
    from velib_async.settings import Settings

PROCESS = "obd-server"
MIN_INTERVAL_S = 1.0
"""At most one ItemsChanged per second: nothing on a GX looks more often."""
LOGICS = {"tank": TankLogic}
_KINDS: dict[str, type[Item]] = {"float": DoubleItem, "int": IntegerItem, "text": TextItem}


class Publisher:
    """A service that shows values. `await open()` registers it; tick() publishes once per second."""

    def __init__(self, definition: ServiceDefinition, bus: Bus, settings: Settings, *, version: str) -> None:
        self.definition = definition
        self.bus = bus
        self._settings = settings
        self._version = version
        self._service = Service(bus, definition.name, min_interval_s=MIN_INTERVAL_S)
        self._logic = LOGICS[definition.logic]() if definition.logic else None
        self._own = {path.path: path for path in definition.paths if path.setting is not None}

    @property
    def commands(self) -> frozenset[str]:
        """The commands that must be polled for it."""
        return self.definition.commands | frozenset(self._logic.commands if self._logic else ())

    async def open(self, connection: str, *, is_connected: bool) -> None:
        """Add settings and items, then register. Raises NameTaken, BusLost, SettingError."""
        wanted = [
            Setting(self._setting(path.path), path.setting, path.minimum, path.maximum)
            for path in self._own.values()
            if path.setting is not None
        ]
        await self._settings.add(Setting(self._setting("/CustomName"), ""), *wanted)
        instance = await self._settings.allocate_instance(self.definition.unique, self.definition.type)
        add_mandatory_items(
            self._service,
            process_name=PROCESS,
            process_version=self._version,
            connection=connection,
            device_instance=instance,
            product_id=self.definition.product_id,
            product_name=self.definition.product_name,
            connected=int(is_connected),
        )
        self._service.add_item(
            TextItem("/CustomName", self._settings.get(self._setting("/CustomName")), True, self._write)
        )
        for path in self.definition.paths:
            self._service.add_item(self._item(path))
        await self._service.register()

    def receive(self, reading: Reading) -> None:
        """Take a value for what is computed."""
        if self._logic is not None and reading.name in self._logic.commands:
            self._logic.receive(reading.name, reading.value, reading.received)

    def tick(self, values: Values, now: float, *, is_connected: bool) -> None:
        """Publish what is known now; what is not, or too old, is None."""
        computed = self._compute(values, now)
        with self._service as changes:
            changes["/Connected"] = int(is_connected)
            for path in self.definition.paths:
                if path.logic is not None:
                    changes[path.path] = computed[path.logic]
                elif path.link is not None:
                    changes[path.path] = path.convert(values.get(path.link, now))
                elif path.source is not None:
                    changes[path.path] = self._shown(path, values, now)

    def value(self, path: str) -> Any:
        """Return what a path shows now."""
        return self._service[path]

    def on_setting(self, setting: str, value: Any) -> None:
        """Take over a setting that somebody changed in localsettings."""
        path = setting.removeprefix(self._setting(""))
        item = self._service.get_item(path) if path != setting else None
        if item is not None and (path not in self._own or self._own[path].logic is None):
            item.set_local_value(value)

    async def close(self) -> None:
        """Take the service off the bus and close its connection."""
        await self._service.close()
        await self.bus.close()

    def _compute(self, values: Values, now: float) -> dict[str, Any]:
        if self._logic is None:
            return {}
        settings = {path: self._settings.get(self._setting(path)) for path in self._own}
        return self._logic.paths(settings, now, values.max_age_s(self._logic.commands[0]))

    @staticmethod
    def _shown(path: PathDefinition, values: Values, now: float) -> Any:
        value = values.get(path.source or "", now)
        if value is None and path.fallback is not None:
            value = values.get(path.fallback, now)
        return path.convert(value)

    def _item(self, path: PathDefinition) -> Item:
        is_setting = path.setting is not None
        value = self._settings.get(self._setting(path.path)) if is_setting and path.logic is None else path.constant
        return _KINDS[path.kind](
            path.path,
            value,
            is_setting,
            self._write if is_setting else None,
            path.format,
            minimum=path.minimum,
            maximum=path.maximum,
            dead_band=path.dead_band,
        )

    async def _write(self, item: Item, value: Any) -> bool | None:
        await self._settings.set(self._setting(item.path), value)
        computed = item.path in self._own and self._own[item.path].logic is not None
        return None if computed else True

    def _setting(self, path: str) -> str:
        return f"/Settings/Devices/{self.definition.unique}{path}"
