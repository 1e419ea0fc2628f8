"""All settings by path and the rules for adding, changing and removing them. Pure: no bus, no file, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from simulators.gx.class_instances import first_free, is_class_instance
from simulators.gx.setting import TYPES, Setting, Value, convert, convert_limits, is_within
from simulators.gx.wire import below

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT: Final = "/Settings"

BAD_CAST: Final = (ValueError, TypeError, OverflowError)


class AddResult(IntEnum):
    """What AddSetting and AddSettings report per setting."""

    OK = 0
    UNDERSCORE = -2
    UNKNOWN_TYPE = -3
    NO_PATH = -4
    OTHER_TYPE = -5
    BAD_DEFAULT = -6
    OUT_OF_RANGE = -7
    IS_GROUP = -8
    NOT_UNDER_SETTINGS = -9


@dataclass(frozen=True, slots=True)
class Request:
    """A setting that somebody wants. kind is None when its default has a type that settings do not have."""

    path: str
    kind: str | None
    default: Any
    minimum: Any = None
    maximum: Any = None
    silent: bool = False


class SettingsStore:
    """The settings.

    on_change(path, setting, with_attributes) is called after each change that others must hear of; setting is None
    when it is about to go.
    """

    def __init__(self, on_change: Callable[[str, Setting | None, bool], None]) -> None:
        self._on_change = on_change
        self._settings: dict[str, Setting] = {}
        self._leaves_below: dict[str, int] = {"/": 0, ROOT: 0}
        self._class_instances: set[str] = set()

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Every setting by its absolute path."""
        return self._settings

    def is_group(self, path: str) -> bool:
        """Whether path is an inner node; groups exist only as long as they hold settings, except the root."""
        return path in self._leaves_below

    def group(self, path: str) -> dict[str, Setting]:
        """The settings below a group, by their path relative to it."""
        prefix = below(path)
        return {key[len(prefix) :]: value for key, value in self._settings.items() if key.startswith(prefix)}

    def load(self, path: str, setting: Setting) -> None:
        """Put a setting from the file in place, without any check or report."""
        self._insert(path, setting)

    def add(self, request: Request) -> AddResult:
        """Add a setting, or bring the attributes of an existing one up to date; its value stays even out of range."""
        fault = self._path_fault(request.path)
        if fault is not AddResult.OK:
            return fault
        if request.kind not in TYPES:
            return AddResult.UNKNOWN_TYPE
        existing = self._settings.get(request.path)
        if existing is not None and existing.kind != request.kind:
            return AddResult.OTHER_TYPE
        try:
            wanted = self._build(request.path, request.kind, request)
        except BAD_CAST:
            return AddResult.BAD_DEFAULT
        if not is_within(wanted.default, wanted.minimum, wanted.maximum):
            return AddResult.OUT_OF_RANGE
        self._store(request.path, existing, wanted)
        return AddResult.OK

    def set_value(self, path: str, value: Any) -> bool:
        """Write a setting; False when the value has no cast to its type or is out of range."""
        setting = self._settings[path]
        try:
            converted = convert(setting.kind, value)
            if is_class_instance(path):
                converted = first_free(str(converted), self._taken_by_others(path))
        except BAD_CAST:
            return False
        if not setting.is_allowed(converted):
            return False
        self._write(path, setting, converted)
        return True

    def set_default(self, path: str) -> bool:
        """Reset a setting, or all below a group; False for a class and instance, which has no way back."""
        if is_class_instance(path):
            return False
        paths = [below(path) + key for key in self.group(path)] if self.is_group(path) else [path]
        for key in paths:
            if not is_class_instance(key):
                self._write(key, self._settings[key], self._settings[key].default)
        return True

    def remove(self, path: str) -> bool:
        """Remove a setting and the groups that become empty; False when there is none at path."""
        if path not in self._settings:
            return False
        self._on_change(path, None, False)
        del self._settings[path]
        self._class_instances.discard(path)
        for group in _groups_of(path):
            self._leaves_below[group] -= 1
            if not self._leaves_below[group] and group not in {"/", ROOT}:
                del self._leaves_below[group]
        return True

    def _path_fault(self, path: str) -> AddResult:
        if not path.startswith(ROOT + "/"):
            return AddResult.NOT_UNDER_SETTINGS
        if "/_" in path:
            return AddResult.UNDERSCORE
        if self.is_group(path) or self._has_leaf_above(path):
            return AddResult.IS_GROUP
        return AddResult.OK

    def _build(self, path: str, kind: str, request: Request) -> Setting:
        default = convert(kind, request.default)
        low, high = convert_limits(kind, request.minimum, request.maximum)
        value = first_free(str(default), self._taken_by_others(path)) if is_class_instance(path) else default
        return Setting(kind, default, value, low, high, request.silent)

    def _store(self, path: str, existing: Setting | None, wanted: Setting) -> None:
        if existing is None:
            self._insert(path, wanted)
        elif existing.attributes == wanted.attributes:
            return
        else:
            wanted.value = existing.value
            self._settings[path] = wanted
        self._on_change(path, wanted, True)

    def _insert(self, path: str, setting: Setting) -> None:
        self._settings[path] = setting
        if is_class_instance(path):
            self._class_instances.add(path)
        for group in _groups_of(path):
            self._leaves_below[group] = self._leaves_below.get(group, 0) + 1

    def _write(self, path: str, setting: Setting, value: Value) -> None:
        if value != setting.value:
            setting.value = value
            self._on_change(path, setting, False)

    def _taken_by_others(self, path: str) -> set[str]:
        return {str(self._settings[other].value) for other in self._class_instances if other != path}

    def _has_leaf_above(self, path: str) -> bool:
        return any(group in self._settings for group in _groups_of(path))


def _groups_of(path: str) -> list[str]:
    """Every object above a path: / and /Settings and /Settings/A for /Settings/A/B."""
    parts = path.split("/")[1:-1]
    return ["/", *("/" + "/".join(parts[: end + 1]) for end in range(len(parts)))]
