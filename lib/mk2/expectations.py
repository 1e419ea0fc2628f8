"""What counts as the answer to which question: the `expect` functions of `VEBusConnection.request`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mk2.errors import AccessDenied, Unsupported
from mk2.frames import info, readings, settings, status, writes
from mk2.frames.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R", bound=Record)


def one(cls: type[R]) -> Callable[[Record], R | None]:
    """Expect a message of this class."""
    return lambda message: message if isinstance(message, cls) else None


def phase(number: int) -> Callable[[Record], info.AcInfo | None]:
    """Expect the info frame of this phase."""
    return lambda message: message if isinstance(message, info.AcInfo) and message.phase == number else None


def ram_values(count: int) -> Callable[[Record], tuple[int, ...] | None]:
    """Expect the values of `count` variables, or more of them (slot W always names two)."""

    def expect(message: Record) -> tuple[int, ...] | None:
        if isinstance(message, readings.RamUnsupported):
            raise Unsupported("a variable does not exist")
        if isinstance(message, readings.RamValues) and len(message.values) >= count:
            return message.values[:count]
        return None

    return expect


def snapshot_values(count: int) -> Callable[[Record], tuple[int, ...] | None]:
    """Expect the values of a snapshot of `count` variables."""

    def expect(message: Record) -> tuple[int, ...] | None:
        if isinstance(message, readings.SnapshotValues):
            if len(message.values) != count:
                raise Unsupported(f"a snapshot of {len(message.values)} variables instead of {count}: read too early")
            return message.values
        return None

    return expect


def ram_info(message: Record) -> readings.RamInfoReply | None:
    """Expect scale and offset of a variable; the short forms of the reply count too."""
    if isinstance(message, readings.RamInfoShort):
        if not message.scale:
            raise Unsupported("the variable does not exist")
        return readings.RamInfoReply(message.scale, 0x8F, message.offset)
    return message if isinstance(message, readings.RamInfoReply) else None


def setting_value(message: Record) -> int | None:
    """Expect the raw value of a setting."""
    if isinstance(message, settings.SettingUnsupported):
        raise Unsupported("the setting does not exist")
    return message.value if isinstance(message, settings.SettingValue) else None


class SettingInfoCollector:
    """Expect all that is known about a setting, whether it comes whole or in five replies."""

    def __init__(self) -> None:
        self._figures: dict[int, int] = {}

    def __call__(self, message: Record) -> settings.SettingInfoReply | None:
        """Take the next reply; return the whole once it is complete."""
        if isinstance(message, settings.SettingUnsupported):
            raise Unsupported("the setting does not exist")
        if isinstance(message, settings.SettingInfoReply):
            return message
        if isinstance(message, settings.SettingInfoInterleaved):
            return message.plain
        if not isinstance(message, settings.SettingFigure):
            return None
        self._figures[message.code] = message.value
        scale, offset, *limits = (self._figures.get(code) for code in settings.FIGURE_CODES)
        if scale == 0:  # there is no such setting, and nothing else will come
            return settings.SettingInfoReply(0, 0, 0, 0, 0)
        if scale is None or offset is None or None in limits:
            return None
        return settings.SettingInfoReply(
            _signed(scale), _signed(offset), limits[0] or 0, limits[1] or 0, limits[2] or 0
        )


def written(message: Record) -> bool | None:
    """Expect the acknowledgement of a write."""
    if isinstance(message, writes.AccessLevelRequired):
        raise AccessDenied("the setting is protected by its access level")
    return True if isinstance(message, writes.RamWritten | writes.SettingWritten) else None


def version_low(message: Record) -> status.VersionWhole | status.VersionLow | None:
    """Expect the lower half of the device's version, or the whole."""
    return message if isinstance(message, status.VersionWhole | status.VersionLow) else None


def state(message: Record) -> status.StateReply | None:
    """Expect the state."""
    return message if isinstance(message, status.StateReply) else None


def _signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word  # noqa: PLR2004  # a 16 bit word's sign bit
