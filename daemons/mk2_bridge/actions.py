"""What a written value does to the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mk2.control import RESET_CONFIRMATION
from mk2.errors import Unsafe
from mk2.frames.switch import SwitchState
from mk2.setting import Setting

if TYPE_CHECKING:
    from mk2.control import Control
    from mk2.setting import SettingInfo
    from mk2_bridge.protocol.charge_limit import ChargeLimit

SWITCHED_ON = (SwitchState.CHARGER_ONLY, SwitchState.INVERTER_ONLY, SwitchState.ON)
"""Values of /Mode for which a sleeping system is woken."""


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


async def limit_charge(control: Control, value: float, limit: ChargeLimit) -> None:
    """Limit the charge current, in A, until the device restarts; never to more than its owner has set."""
    if value < 0:
        raise Unsafe("a battery is not discharged by its charger")

    def change(info: SettingInfo, present: int) -> int:
        # Less than the device can do is not refused: it would go on with what it has.
        wanted = min(max(value, info.decode(info.minimum)), info.decode(info.maximum))
        return limit.cap(present, info.encode(wanted))

    await control.change_setting(Setting.BULK_CURRENT, change)
