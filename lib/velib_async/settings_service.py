"""The settings service as a watched service: adds settings and keeps their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from velib_async.errors import SettingError, setting_error
from velib_async.values import Variant, make_variant
from velib_async.watched import Service

if TYPE_CHECKING:
    from collections.abc import Iterable

SETTINGS_SERVICE = "com.victronenergy.settings"
SETTINGS_INTERFACE = "com.victronenergy.Settings"
SETTINGS_PATH = "/Settings"


class Setting(dict[str, Variant]):
    """One setting to add, in the form that AddSettings takes.

    The default's Python type fixes the setting's: int, float or str. When it exists with the same type its value is
    kept, and default, limits and `silent` are replaced.

    Args:
        path: Begins with /Settings/; no segment may begin with an underscore.
        default: The value until somebody sets another.
        _min, _max: Limits; None, or 0 for both, is no limit. Text has none.
        silent: Changes are not written to localsettings' log; for counters and the like.

    Raises:
        ValueError: D-Bus cannot carry a value.
    """

    def __init__(
        self,
        path: str,
        default: float | str,
        _min: float | None = None,
        _max: float | None = None,
        silent: bool = False,  # noqa: FBT001, FBT002 - the signature that aiovelib's users know
    ) -> None:
        super().__init__(path=make_variant(path), default=make_variant(default))
        if _min is not None:
            self["min"] = make_variant(_min)
        if _max is not None:
            self["max"] = make_variant(_max)
        if silent:
            self["silent"] = make_variant(1)

    @property
    def path(self) -> str:
        """The setting's path."""
        return str(self["path"].value)


class SettingsService(Service):
    """The settings service. Mix with ServiceHandler to have a Monitor watch it, or use `Settings`."""

    servicetype = SETTINGS_SERVICE
    # Only what is added: localsettings holds a thousand settings of others.
    paths: set[str] | None = set()  # noqa: RUF012 - each instance takes a copy

    async def add_settings(self, *settings: Setting) -> dict[str, Any]:
        """Adds settings in one call and watches them; returns their present values by path.

        Raises:
            SettingError: The subclass for the first that was refused. The others are added nevertheless.
            CallError: localsettings does not answer as it should.
            BusLost: The connection ended.
        """
        wanted = {setting.path for setting in settings}
        # Before the call: a change that comes right behind the answer must find its path watched.
        if self.paths is not None:
            self.paths |= wanted
        with self.noting_changes() as changed:
            (results,) = await self.monitor.dbus_call(
                self.owner, "/", "AddSettings", "aa{sv}", list(settings), interface=SETTINGS_INTERFACE
            )
        refused: list[SettingError] = []
        values: dict[str, Any] = {}
        for result in results:
            path, code = str(result.get("path", "")), int(result.get("error", -1))
            if code == 0:
                if path not in changed:
                    self.values[path].update(result["value"])
                values[path] = self.values[path].value
            else:
                refused.append(setting_error(path, code))
        if refused:
            raise refused[0]
        return values

    def forget(self, paths: Iterable[str]) -> None:
        """Watches these paths no longer, and drops what is known of them. The settings themselves stay."""
        for path in paths:
            if self.paths is not None:
                self.paths.discard(path)
            self.values.pop(path, None)
