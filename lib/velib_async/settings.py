"""Settings of one program: waits for localsettings, adds, reads, writes, and hears of changes."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Self

from velib_async import callbacks
from velib_async.errors import BusLost, CallError, SettingError, setting_error
from velib_async.monitor import Monitor
from velib_async.settings_service import SETTINGS_SERVICE, Setting, SettingsService

if TYPE_CHECKING:
    from velib_async.watched import Service

log = logging.getLogger(__name__)

# A device's id becomes a path segment; localsettings keeps leading underscores for itself (code -2).
_UNIQUE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_CLASS = re.compile(r"[a-z][a-z0-9_]*")

OnChange = Callable[[str, Any], object]


class _SettingsMonitor(Monitor):
    """Watches localsettings only, and tells its Settings when it comes (back)."""

    def __init__(self, bus: Any, settings: Settings) -> None:
        super().__init__(bus, handlers={SETTINGS_SERVICE: SettingsService})
        self._settings = settings

    async def serviceAdded(self, service: Service) -> None:  # noqa: N802 - aiovelib's name
        assert isinstance(service, SettingsService)  # noqa: S101 - the only handler; for the type checker
        await self._settings.on_service(service)

    def itemsChanged(self, service: Service, values: dict[str, Any]) -> None:  # noqa: ARG002, N802 - as above; one service
        for path, value in values.items():
            self._settings.on_value(path, value)


class Settings:
    """The settings of one program. Make one with `await Settings.open(bus)`.

    When localsettings restarts, the settings are added again to the new one, and changes found then are told.
    """

    @classmethod
    async def open(cls, bus: Any, *, on_change: OnChange | None = None) -> Self:
        """Waits until localsettings is on the bus, without a time limit: at boot it may come after us.

        Args:
            bus: A connected MessageBus of dbus_fast or dbus_next (asyncio), or a `velib_async.bus.Bus`.
            on_change: Called with (path, value) when a setting has a new value, whoever set it.

        Raises:
            BusLost: The connection ended.
        """
        settings = cls(bus, on_change=on_change)
        try:
            await settings.start()
        except BaseException:
            await settings.close()
            raise
        return settings

    def __init__(self, bus: Any, *, on_change: OnChange | None = None) -> None:
        self._monitor = _SettingsMonitor(bus, self)
        self._on_change = on_change
        self._settings: dict[str, Setting] = {}
        self._values: dict[str, Any] = {}

    async def start(self) -> None:
        """Waits for localsettings; `open` does it."""
        await self._monitor.start()
        if self._monitor.get_service(SETTINGS_SERVICE) is None:
            log.info("waiting for %s", SETTINGS_SERVICE)
        await self._monitor.wait_for_service(SETTINGS_SERVICE)

    async def add(self, *settings: Setting) -> dict[str, Any]:
        """Adds settings in one call; returns their present values by path.

        Raises:
            SettingError: The subclass for the first that was refused. The others stay added.
            CallError: localsettings does not answer as it should.
            BusLost: The connection ended.
        """
        service = await self._current()
        try:
            return await service.add_settings(*settings)
        finally:
            for setting in settings:
                if service.seen(setting.path):
                    self._settings[setting.path] = setting
                    self._values[setting.path] = service.get_value(setting.path)

    def get(self, path: str) -> Any:
        """Returns the present value of an added setting.

        Raises:
            KeyError: It has not been added.
        """
        try:
            return self._values[path]
        except KeyError:
            raise KeyError(f"setting {path} has not been added") from None

    async def set(self, path: str, value: Any) -> None:
        """Writes an added setting; localsettings casts the value to the setting's type.

        Raises:
            KeyError: The setting has not been added.
            SettingError: localsettings refused the value (code -1: wrong type or out of range).
            CallError: localsettings does not answer as it should.
            BusLost: The connection ended.
        """
        self.get(path)
        if value is None:
            # localsettings would store the text "dbus.Array([]...)" in a text setting.
            raise setting_error(path, -1)
        service = await self._current()
        with service.noting_changes() as changed:
            (code,) = await self._monitor.dbus_call(service.owner, path, "SetValue", "v", value)
            if code != 0:
                raise setting_error(path, int(code))
            # What was stored can differ: cast, or another device's instance.
            stored = await service.fetch_value(path)
        if stored is None:  # could not be read, for a setting has a value; it was accepted, though
            stored = service.get_value(path) if path in changed else value
        if path not in self._settings:  # forgotten meanwhile, and reading has noted it again
            service.forget((path,))
        self.on_value(path, stored)

    def forget(self, paths: Collection[str]) -> None:
        """Undoes `add` in this process: the settings are no longer watched, remembered, or added again.

        They stay in localsettings with their values, and `add` takes them up again. Harmless for paths never added.
        """
        for path in paths:
            self._settings.pop(path, None)
            self._values.pop(path, None)
        service = self._service_now()
        if service is not None:
            service.forget(paths)

    async def allocate_instance(self, unique_id: str, device_class: str, preferred: int = 1) -> int:
        """Returns the device instance for a device: the one it always had, else the next free from `preferred` on.

        A device that was stored with another class gets a new instance for the new class.

        Args:
            unique_id: Letters, digits and underscores; not beginning with an underscore.
            device_class: The service type, for example "tank".
            preferred: The number to begin with.

        Raises:
            ValueError: The id or class cannot be part of a settings path.
            SettingError: localsettings refused.
            CallError: localsettings does not answer as it should.
            BusLost: The connection ended.
        """
        if not _UNIQUE_ID.fullmatch(unique_id):
            raise ValueError(f"device id {unique_id!r}: letters, digits and underscores, no underscore first")
        if not _CLASS.fullmatch(device_class):
            raise ValueError(f"device class {device_class!r}: small letters, digits and underscores")
        path = f"/Settings/Devices/{unique_id}/ClassAndVrmInstance"
        wanted = f"{device_class}:{preferred}"
        await self.add(Setting(path, wanted))
        instance = _instance_in(self.get(path), device_class)
        if instance is None:
            await self.set(path, wanted)
            instance = _instance_in(self.get(path), device_class)
        if instance is None:
            raise setting_error(path, -6)
        return instance

    async def wait_lost(self) -> None:
        """Waits for the end of the connection; see `Bus.wait_lost`."""
        await self._monitor.wait_lost()

    async def close(self) -> None:
        """Stops listening. The settings and the connection stay."""
        await self._monitor.close()

    async def _current(self) -> SettingsService:
        service = await self._monitor.wait_for_service(SETTINGS_SERVICE)
        assert isinstance(service, SettingsService)  # noqa: S101 - the only handler; for the type checker
        return service

    def _service_now(self) -> SettingsService | None:
        service = self._monitor.get_service(SETTINGS_SERVICE)
        return service if isinstance(service, SettingsService) else None

    # Called by the monitor

    async def on_service(self, service: SettingsService) -> None:
        """Adds what is known to a localsettings that came (back)."""
        if not self._settings:
            return
        log.info("%s is back: adding %d settings again", SETTINGS_SERVICE, len(self._settings))
        known = tuple(self._settings)
        with contextlib.suppress(BusLost):
            try:
                await service.add_settings(*self._settings.values())
            except (SettingError, CallError) as error:
                log.warning("%s: %s", SETTINGS_SERVICE, error)
        service.forget(path for path in known if path not in self._settings)  # forgotten while it answered
        for path in known:  # on_value passes over what was forgotten, in callbacks, too
            if service.seen(path):
                self.on_value(path, service.get_value(path))

    def on_value(self, path: str, value: Any) -> None:
        """Takes a value over, and tells if it is new."""
        if path not in self._settings or self._values.get(path) == value:
            return
        self._values[path] = value
        if self._on_change is not None:
            callbacks.tell(f"on_change for {path}", self._on_change, path, value)


def _instance_in(stored: Any, device_class: str) -> int | None:
    """Reads `class:number`; None when it is another class, or makes no sense."""
    match = re.fullmatch(rf"{device_class}:(\d+)", str(stored), re.ASCII)
    return int(match[1]) if match else None
