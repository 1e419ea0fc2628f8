"""What the user sets: paths that localsettings keeps, in step with D-Bus in both directions.

Settings: /Settings/MqttDevices/mqtt_<client>_<service>/<path> for each path of role "setting";
/Settings/Devices/mqtt_<client>_<service>/ClassAndVrmInstance for the device instance.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from mqtt_devices.protocol.names import setting_path, unique_id
from mqtt_devices.setting_rules import fit, instance_path, make_setting, settings_of
from mqtt_devices.setting_writer import SettingWriter
from velib_async.bus import BUS_ITEM, UNKNOWN_METHOD, UNKNOWN_OBJECT
from velib_async.errors import BusLost, CallError, SettingError, SettingTypeChanged
from velib_async.localsettings import SETTINGS_INTERFACE, SETTINGS_PATH, SETTINGS_SERVICE, Setting, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqtt_devices.protocol.effects import ServiceKey
    from mqtt_devices.protocol.service_types import PathRule, ServiceType, Value
    from velib_async.bus import Bus

    Receiver = Callable[[PathRule, Value], None]

CLOSE_LIMIT_S = 1.0
# What localsettings answers for a setting that does not exist.
_ABSENT = (UNKNOWN_OBJECT, UNKNOWN_METHOD)

_log = logging.getLogger(__name__)


class Controls:
    """All settings of all services.

    Args:
        bus: the connection on which localsettings is watched.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._settings: Settings | None = None
        self._receivers: dict[str, tuple[PathRule, Receiver]] = {}
        # Of services that are gone; forgotten when nothing of theirs waits to be written.
        self._departed: set[str] = set()
        self._writer = SettingWriter(
            read=lambda path: self._opened().get(path), write=self._write, on_done=self._note_done
        )

    async def open(self) -> None:
        """Wait until localsettings is there.

        Raises:
            BusLost: the connection ended.
        """
        self._settings = await Settings.open(self._bus, on_change=self._on_change)

    async def run(self) -> None:
        """Write what devices and users set, one at a time; runs until cancelled."""
        await self._writer.run()

    async def run_counters(self) -> None:
        """Write counters now and then; runs until cancelled."""
        await self._writer.run_counters()

    async def prepare(self, key: ServiceKey, service_type: ServiceType) -> tuple[int, dict[str, Value]]:
        """Add a service's settings; return its device instance and the present values by path.

        Raises:
            SettingError, CallError: localsettings refuses or does not answer.
            BusLost: the connection ended.
        """
        settings = self._opened()
        rules = settings_of(key, service_type)
        self._departed.difference_update(_all_paths(key, service_type))
        await self._add(rules)
        instance = await settings.allocate_instance(unique_id(key.client_id, key.service_id), service_type.name)
        return instance, self._fit_all(rules, {path: settings.get(path) for path in rules})

    async def prepare_all(
        self, services: Mapping[ServiceKey, ServiceType]
    ) -> dict[ServiceKey, tuple[int, dict[str, Value]]]:
        """Add the settings of several services in one call; return what `prepare` does, for those that are ready then.

        The rest has something that is to be repaired or refused: `prepare` does it, one service at a time.

        Raises:
            BusLost: the connection ended.
        """
        settings = self._opened()
        asked: list[Setting] = []
        for key, service_type in services.items():
            asked += (make_setting(path, rule) for path, rule in settings_of(key, service_type).items())
            asked.append(Setting(instance_path(key), f"{service_type.name}:1"))
            self._departed.difference_update(_all_paths(key, service_type))
        try:
            values = await settings.add(*asked)
        except (SettingError, CallError) as error:
            _log.debug("settings one service at a time: %s", error)
            return {}
        ready: dict[ServiceKey, tuple[int, dict[str, Value]]] = {}
        for key, service_type in services.items():
            kind, _, number = str(values.get(instance_path(key))).partition(":")
            if kind == service_type.name and number.isascii() and number.isdecimal():
                ready[key] = int(number), self._fit_all(settings_of(key, service_type), values)
        return ready

    async def find_class(self, key: ServiceKey) -> str | None:
        """The type with which this service has a device instance already; None when localsettings does not know it.

        Raises:
            CallError: localsettings does not answer as it should.
            BusLost: the connection ended.
        """
        try:
            (value,) = await self._bus.call(SETTINGS_SERVICE, instance_path(key), BUS_ITEM, "GetValue")
        except CallError as error:
            if error.name in _ABSENT:
                return None
            raise
        return str(value).partition(":")[0]

    def attach(self, key: ServiceKey, service_type: ServiceType, receive: Receiver) -> None:
        """Have `receive` called when a setting of this service is changed elsewhere."""
        for path, rule in settings_of(key, service_type).items():
            self._receivers[path] = (rule, receive)

    def detach(self, key: ServiceKey, service_type: ServiceType) -> None:
        """Undo `attach` and `prepare`; the settings stay in localsettings."""
        for path in _all_paths(key, service_type):
            self._receivers.pop(path, None)
            self._departed.add(path)
            self._forget_departed(path)

    def note(self, key: ServiceKey, values: Mapping[str, Value]) -> None:
        """Keep values (by path) that a device or a user set; written soon, the latest of each path."""
        for name, value in values.items():
            self._writer.note(setting_path(key.client_id, key.service_id, name), value)

    def count(self, key: ServiceKey, values: Mapping[str, Value]) -> None:
        """Keep counters (by path); written rarely and at the end."""
        for name, value in values.items():
            self._writer.count(setting_path(key.client_id, key.service_id, name), value)

    async def close(self) -> None:
        """Write what is left to write, and stop watching localsettings."""
        if self._settings is not None:
            # A localsettings that is gone, or slow, must not delay the end.
            with contextlib.suppress(TimeoutError, BusLost):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await self._writer.finish()
            await self._settings.close()

    def _opened(self) -> Settings:
        if self._settings is None:
            raise RuntimeError("Controls are used before they were opened")
        return self._settings

    async def _write(self, path: str, value: Value) -> None:
        try:
            await self._opened().set(path, value)
        except CallError as error:
            if error.name not in _ABSENT:
                raise
            # Somebody has removed it (RemoveSettings). Only a service that is here has a use for it.
            if path in self._receivers:
                rule, _ = self._receivers[path]
                await self._add({path: rule})
                await self._opened().set(path, value)

    def _note_done(self, path: str, value: Value) -> None:
        """A value was written, or refused: D-Bus is to show what localsettings has, which may differ."""
        if (stored := self._opened().get(path)) != value:
            self._on_change(path, stored)
        self._forget_departed(path)

    def _forget_departed(self, path: str) -> None:
        if path in self._departed and not self._writer.is_waiting(path):
            self._departed.discard(path)
            self._opened().forget((path,))

    def _fit_all(self, rules: Mapping[str, PathRule], stored: Mapping[str, Any]) -> dict[str, Value]:
        """The present values of settings, by path of the service."""
        return {rule.path: fit(self._writer.find_latest(path, stored[path]), rule) for path, rule in rules.items()}

    async def _add(self, rules: Mapping[str, PathRule]) -> None:
        settings = [make_setting(path, rule) for path, rule in rules.items()]
        # Each round repairs one setting, so there are at most as many as settings, and a last one that succeeds.
        for _ in rules:
            try:
                await self._opened().add(*settings)
            except SettingTypeChanged as error:
                await self._change_type(error.path, rules[error.path])
            else:
                return
        await self._opened().add(*settings)

    async def _change_type(self, path: str, rule: PathRule) -> None:
        """Replace a setting of another type, keeping its value where it can be converted.

        The former driver let the type follow from the default, so that Ac/MaxPower, for one, was an integer.
        localsettings changes no types (error -5): the setting has to be removed first.
        """
        (old,) = await self._bus.call(SETTINGS_SERVICE, path, BUS_ITEM, "GetValue")
        relative = path.removeprefix(f"{SETTINGS_PATH}/")
        await self._bus.call(SETTINGS_SERVICE, SETTINGS_PATH, SETTINGS_INTERFACE, "RemoveSettings", "as", ([relative],))
        await self._opened().add(make_setting(path, rule))
        value = fit(old, rule)
        await self._opened().set(path, value)
        _log.info("%s: type changed, %r is now %r", path, old, value)

    def _on_change(self, path: str, value: Any) -> None:
        receiver = self._receivers.get(path)
        if receiver is None or self._writer.is_behind(path):
            # The echo of an older value must not undo a newer one that waits to be written.
            return
        rule, receive = receiver
        receive(rule, fit(value, rule))


def _all_paths(key: ServiceKey, service_type: ServiceType) -> list[str]:
    """What `prepare` adds of a service."""
    return [*settings_of(key, service_type), instance_path(key)]
