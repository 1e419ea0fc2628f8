"""Settings of the device that Venus shows, and may change when that is allowed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mk2.confirming import read_setting_twice
from mk2.errors import LinkLost
from mk2.session import ask_again
from mk2.setting import Flag0, Flag2, Setting
from mk2_bridge.fixed_values import Static

if TYPE_CHECKING:
    from mk2.control import Control
    from mk2.identity import Identity
    from mk2.session import VEBusSession


@dataclass(frozen=True, slots=True)
class Detail:
    """A path that shows a setting, or with `flag` one bit of it.

    `may_persist` says whether a write may go to EEPROM; otherwise it goes to RAM, whatever is allowed. `is_feature`
    marks a flag that a device has only if it lets it be changed.
    """

    path: str
    setting: Setting
    flag: int | None = None
    text: str = "{}"
    may_persist: bool = True
    is_feature: bool = False


DETAILS = (
    Detail("/Settings/AssistCurrentBoostFactor", Setting.ASSIST_BOOST_FACTOR, text="{:.2f}"),
    Detail("/Settings/InverterOutputVoltage", Setting.INVERTER_VOLTAGE, text="{:.0f} V"),
    Detail("/Settings/PowerAssistEnabled", Setting.FLAGS0, Flag0.POWER_ASSIST),
    # 1 is "disabled" here: the path shows the bit that switches the check of the waveform off.
    Detail("/Settings/UpsFunction", Setting.FLAGS0, Flag0.NO_WAVE_CHECK),
    # Set and cleared by schedules: never in EEPROM.
    Detail("/Dc/0/PreferRenewableEnergy", Setting.FLAGS2, Flag2.PREFER_RENEWABLE, may_persist=False, is_feature=True),
)
SHOWN_ONLY = (
    Detail("/Settings/GridCode", Setting.GRID_CODE),
    Detail("/Bms/BmsExpected", Setting.FLAGS2, Flag2.VEBUS_BMS),
)
PER_DEVICE = ("AssistCurrentBoostFactor", "InverterOutputVoltage", "PowerAssistEnabled", "UpsFunction")
"""Of `/Settings`, what the vendor's driver also has at each device; the first device's are read."""

ABSORPTION = Detail("/Hub/ChargeVoltage", Setting.ABSORPTION_VOLTAGE)
FLOAT = Detail("/Hub/ChargeVoltage", Setting.FLOAT_VOLTAGE)
CHARGE_CURRENT = Detail("/Dc/0/MaxChargeCurrent", Setting.BULK_CURRENT, may_persist=False)
INPUT_LIMITS = {
    1: Detail("/Ac/In/1/CurrentLimit", Setting.AC1_CURRENT_LIMIT),
    2: Detail("/Ac/In/2/CurrentLimit", Setting.AC2_CURRENT_LIMIT),
}


async def read_detail(session: VEBusSession, detail: Detail) -> float | int | None:
    """Return what a path shows, None when the device has no such setting or does not answer."""

    async def ask() -> float | int | None:
        if detail.flag is None:
            info = await session.setting_info(detail.setting)
            return info.decode(await read_setting_twice(session, detail.setting))
        if detail.is_feature and not (await session.setting_info(detail.setting)).maximum & detail.flag:
            return None
        return int(bool(await read_setting_twice(session, detail.setting) & detail.flag))

    try:
        return await ask_again(ask)
    except LinkLost:
        return None


async def read_details(session: VEBusSession, *, charge_current: bool) -> dict[str, Any]:
    """Return all paths with what they show; the limit of the charge current only where it may be written."""
    shown = (*DETAILS, *SHOWN_ONLY, *((CHARGE_CURRENT,) if charge_current else ()))
    return {detail.path: await read_detail(session, detail) for detail in shown}


async def read_static(session: VEBusSession, identity: Identity, *, snapshots: bool) -> Static:
    """Return what has to be known before a system is shown.

    Raises:
        LinkLost: the line has ended.
    """
    capacity = await ask_again(lambda: read_setting_twice(session, Setting.BATTERY_CAPACITY))
    return Static(identity, bool(capacity), session.connection.line.baudrate, snapshots)


async def complete_static(session: VEBusSession, static: Static, *, has_ess: bool) -> Static:
    """Return the same with what may be known later: limits of the AC inputs as set for good, and charge voltages."""
    limits = {number: await read_detail(session, detail) for number, detail in INPUT_LIMITS.items()}
    known = {number: limit for number, limit in limits.items() if limit is not None}
    if not has_ess:
        return replace(static, input_limits=known)
    voltages = await read_detail(session, ABSORPTION), await read_detail(session, FLOAT)
    return replace(static, input_limits=known, charge_voltages=voltages)


async def write_detail(control: Control, detail: Detail, value: float) -> None:
    """Write what a path shows; to EEPROM when that is allowed, else to RAM."""
    persist = detail.may_persist and control.permissions.eeprom
    if detail.flag is None:
        await control.write_setting(detail.setting, value, persist=persist)
    elif value:
        await control.write_flags(detail.setting, on=detail.flag, persist=persist)
    else:
        await control.write_flags(detail.setting, off=detail.flag, persist=persist)
