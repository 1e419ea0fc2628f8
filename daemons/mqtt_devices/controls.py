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
from velib_async.bus import BUS_ITEM
from velib_async.errors import BusLost, CallError, SettingError, SettingTypeChanged
from velib_async.localsettings import SETTINGS_INTERFACE, SETTINGS_PATH, SETTINGS_SERVICE, Setting, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mqtt_devices.protocol.effects import ServiceKey
    from mqtt_devices.protocol.service_types import PathRule, ServiceType, Value
    from velib_async.bus import Bus

    Receiver = Callable[[PathRule, Value], None]

# localsettings writes its file to flash 2 s after a change. A power cut costs a counter this much at most.
COUNTER_PERIOD_S = 900.0
CLOSE_LIMIT_S = 1.0

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
        # Values that devices set, not written yet: the latest of each setting.
        self._unwritten: dict[str, Value] = {}
        self._has_unwritten = asyncio.Event()
        # Counters since they were last written.
        self._counted: dict[str, Value] = {}

    async def open(self) -> None:
        """Wait until localsettings is there.

        Raises:
            BusLost: the connection ended.
        """
        self._settings = await Settings.open(self._bus, on_change=self._on_change)

    async def run(self) -> None:
        """Write what devices set, one at a time; runs until cancelled."""
        while True:
            self._has_unwritten.clear()
            while self._unwritten:
                path = next(iter(self._unwritten))
                await self._write(path, self._unwritten[path])
            await self._has_unwritten.wait()

    async def prepare(self, key: ServiceKey, service_type: ServiceType) -> tuple[int, dict[str, Value]]:
        """Add a service's settings; return its device instance and the present values by path.

        Raises:
            SettingError, CallError: localsettings refuses or does not answer.
            BusLost: the connection ended.
        """
        settings = self._opened()
        rules = settings_of(key, service_type)
        await self._add(rules)
        instance = await settings.allocate_instance(unique_id(key.client_id, key.service_id), service_type.name)
        return instance, {rule.path: fit(settings.get(path), rule) for path, rule in rules.items()}

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
        try:
            values = await settings.add(*asked)
        except (SettingError, CallError) as error:
            _log.debug("settings one service at a time: %s", error)
            return {}
        ready: dict[ServiceKey, tuple[int, dict[str, Value]]] = {}
        for key, service_type in services.items():
            kind, _, number = str(values.get(instance_path(key))).partition(":")
            if kind == service_type.name and number.isascii() and number.isdecimal():
                rules = settings_of(key, service_type)
                ready[key] = int(number), {rule.path: fit(values[path], rule) for path, rule in rules.items()}
        return ready

    async def knows(self, key: ServiceKey, service_type: ServiceType) -> bool:
        """Whether this service had a device instance of this type before.

        Raises:
            BusLost: the connection ended.
        """
        path = instance_path(key)
        try:
            (value,) = await self._bus.call(SETTINGS_SERVICE, path, BUS_ITEM, "GetValue")
        except CallError:
            return False
        return str(value).startswith(f"{service_type.name}:")

    def attach(self, key: ServiceKey, service_type: ServiceType, receive: Receiver) -> None:
        """Have `receive` called when a setting of this service is changed elsewhere."""
        for path, rule in settings_of(key, service_type).items():
            self._receivers[path] = (rule, receive)

    def detach(self, key: ServiceKey, service_type: ServiceType) -> None:
        """Undo `attach`."""
        for path in settings_of(key, service_type):
            self._receivers.pop(path, None)

    async def change(self, key: ServiceKey, rule: PathRule, value: Value) -> bool:
        """Keep a value that somebody wrote on D-Bus; whether localsettings took it."""
        path = setting_path(key.client_id, key.service_id, rule.path)
        # Newer than what the device said before, which must not be written after it.
        self._unwritten.pop(path, None)
        try:
            await self._opened().set(path, value)
        except (SettingError, CallError, KeyError) as error:
            _log.warning("%s is not kept: %s", path, error)
            return False
        return True

    def note(self, key: ServiceKey, values: Mapping[str, Value]) -> None:
        """Keep values (by path) that a device set; written soon, the latest of each path."""
        for name, value in values.items():
            path = setting_path(key.client_id, key.service_id, name)
            # Devices repeat themselves; localsettings need not hear of it.
            if path in self._unwritten or self._opened().get(path) != value:
                self._unwritten[path] = value
                self._has_unwritten.set()

    def count(self, key: ServiceKey, values: Mapping[str, Value]) -> None:
        """Keep counters (by path); written rarely and at the end."""
        for name, value in values.items():
            self._counted[setting_path(key.client_id, key.service_id, name)] = value

    async def run_counters(self) -> None:
        """Write counters every COUNTER_PERIOD_S; runs until cancelled."""
        while True:
            await asyncio.sleep(COUNTER_PERIOD_S)
            await self._write_counters()

    async def _write_counters(self) -> None:
        counted, self._counted = self._counted, {}
        for path, value in counted.items():
            if self._opened().get(path) != value:
                await self._write(path, value)

    async def close(self) -> None:
        """Write what is left to write, and stop watching localsettings."""
        if self._settings is not None:
            # A localsettings that is gone, or slow, must not delay the end.
            with contextlib.suppress(TimeoutError, BusLost):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await self._write_counters()
            await self._settings.close()

    def _opened(self) -> Settings:
        if self._settings is None:
            raise RuntimeError("Controls are used before they were opened")
        return self._settings

    async def _write(self, path: str, value: Value) -> None:
        try:
            await self._opened().set(path, value)
        except (SettingError, CallError, KeyError) as error:
            _log.warning("%s is not kept: %s", path, error)
        finally:
            # A newer value that came meanwhile is written next.
            if self._unwritten.get(path) == value:
                del self._unwritten[path]

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
        if receiver is None or path in self._unwritten:
            # The echo of an older value must not undo a newer one that waits to be written.
            return
        rule, receive = receiver
        receive(rule, fit(value, rule))
