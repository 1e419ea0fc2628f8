"""What a written value does to the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mk2.control import RESET_CONFIRMATION
from mk2.errors import Unsafe
from mk2.frames.switch import SwitchState
from mk2.setting import Setting

if TYPE_CHECKING:
    from mk2.control import Control

NO_LIMIT_A = 10000.0
"""What systemcalc writes to /Dc/0/MaxChargeCurrent to say "no limit"."""


async def set_mode(control: Control, value: int) -> None:
    """Set the switch: 1 charger only, 2 inverter only, 3 on, 4 off."""
    await control.set_mode(SwitchState(value))


async def force_charge_state(control: Control, value: int) -> None:
    """Force a charge state."""
    if value not in (1, 2, 3):
        raise Unsafe("1 equalises, 2 absorbs, 3 floats; nothing else can be forced")
    await control.force_charge_state(value)


async def reset(control: Control, value: int) -> None:
    """Restart the device."""
    if value != 1:
        raise Unsafe("1 restarts the device, which drops the AC output")
    await control.reset(RESET_CONFIRMATION)


async def limit_charge(control: Control, value: float) -> None:
    """Limit the charge current, in A, until the device restarts."""
    info = await control.session.setting_info(Setting.BULK_CURRENT)
    amps = min(value, info.decode(info.maximum)) if value < NO_LIMIT_A else info.decode(info.default)
    await control.write_setting(Setting.BULK_CURRENT, amps)
