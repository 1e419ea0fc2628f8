"""Settings kept by localsettings, Venus' settings service (com.victronenergy.settings)."""

from __future__ import annotations

from velib_async.errors import SettingError
from velib_async.settings import Settings
from velib_async.settings_service import SETTINGS_INTERFACE, SETTINGS_PATH, SETTINGS_SERVICE, Setting, SettingsService

SettingException = SettingError  # aiovelib's name for it

__all__ = [
    "SETTINGS_INTERFACE",
    "SETTINGS_PATH",
    "SETTINGS_SERVICE",
    "Setting",
    "SettingError",
    "SettingException",
    "Settings",
    "SettingsService",
]
