"""Everything a device can be asked for, as text: variables, settings with their limits, flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mk2.errors import NoReply, Refused
from mk2.names import FLAGS, setting_name
from mk2.ram_var import RamVar
from mk2.setting import FLAG_SETTINGS, GRID_SETTINGS, Setting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mk2.session import VEBusSession

LAST_SETTING = 191


async def list_variables(session: VEBusSession) -> AsyncIterator[str]:
    """Yield a line for each variable that the device has."""
    for var in RamVar:
        try:
            scale = await session.ram_info(var)
            (raw,) = await session.get_ram_raw(var)
        except (NoReply, Refused):
            continue
        about = f"bit {scale.bit}" if scale.bit is not None else f"x {scale.factor:g} + {scale.factor * scale.offset:g}"
        yield f"ram:{int(var):<4} {var.name:<28} {scale.decode(raw):>12.3f}   raw {raw:<6} {about}"


async def list_settings(session: VEBusSession, *, whole: bool = False) -> AsyncIterator[str]:
    """Yield a line for each setting that the device has: the known ones, or with `whole` all up to 191."""
    for number in range(LAST_SETTING + 1) if whole else sorted(Setting):
        try:
            info = await session.setting_info(number)
            raw = await session.get_setting_raw(number)
        except (NoReply, Refused):
            continue
        if number in FLAG_SETTINGS:
            yield f"setting:{int(number):<3} {setting_name(number):<28} {raw:#06x}   may change {info.maximum:#06x}"
            for line in _flag_lines(number, raw, info.maximum):
                yield line
            continue
        low, high = info.decode(info.minimum), info.decode(info.maximum)
        note = "   never written: grid code" if number in GRID_SETTINGS else ""
        yield (
            f"setting:{int(number):<3} {setting_name(number):<28} {info.decode(raw):>10.2f}   "
            f"{low:g}..{high:g}, default {info.decode(info.default):g}{note}"
        )


def _flag_lines(number: int, raw: int, mask: int) -> list[str]:
    flags = FLAGS.get(Setting(number))
    if flags is None:
        return []
    lines = []
    for flag in flags:
        state = "on" if raw & flag else "off"
        lines.append(f"            {flag.name:<28} {state:<3}{'' if mask & flag else '   fixed'}")
    return lines
