"""Settings of the device that Venus shows, and may change when that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mk2.errors import LinkLost
from mk2.session import ask_again
from mk2.setting import Flag0, Flag2, Setting

if TYPE_CHECKING:
    from mk2.control import Control
    from mk2.session import VEBusSession


@dataclass(frozen=True, slots=True)
class Detail:
    """A path that shows a setting, or with `flag` one bit of it.

    `may_persist` says whether a write may go to EEPROM; otherwise it goes to RAM, whatever is allowed.
    """

    path: str
    setting: Setting
    flag: int | None = None
    text: str = "{}"
    may_persist: bool = True


DETAILS = (
    Detail("/Settings/AssistCurrentBoostFactor", Setting.ASSIST_BOOST_FACTOR, text="{:.2f}"),
    Detail("/Settings/InverterOutputVoltage", Setting.INVERTER_VOLTAGE, text="{:.0f} V"),
    Detail("/Settings/PowerAssistEnabled", Setting.FLAGS0, Flag0.POWER_ASSIST),
    # 1 is "disabled" here: the path shows the bit that switches the check of the waveform off.
    Detail("/Settings/UpsFunction", Setting.FLAGS0, Flag0.NO_WAVE_CHECK),
    # Set and cleared by schedules: never in EEPROM.
    Detail("/Dc/0/PreferRenewableEnergy", Setting.FLAGS2, Flag2.PREFER_RENEWABLE, may_persist=False),
)
SHOWN_ONLY = (
    Detail("/Settings/GridCode", Setting.GRID_CODE),
    Detail("/Bms/BmsExpected", Setting.FLAGS2, Flag2.VEBUS_BMS),
)
CHARGE_CURRENT = Detail("/Dc/0/MaxChargeCurrent", Setting.BULK_CURRENT, may_persist=False)
INPUT_LIMITS = {1: Setting.AC1_CURRENT_LIMIT, 2: Setting.AC2_CURRENT_LIMIT}


async def read_detail(session: VEBusSession, detail: Detail) -> float | int | None:
    """Return what a path shows, None when the device has no such setting or does not answer."""
    try:
        if detail.flag is None:
            return await ask_again(lambda: session.get_setting(detail.setting))
        raw = await ask_again(lambda: session.get_setting_raw(detail.setting))
    except LinkLost:
        return None
    return None if raw is None else int(bool(raw & detail.flag))


async def read_details(session: VEBusSession, *, charge_current: bool) -> dict[str, Any]:
    """Return all paths with what they show; the limit of the charge current only where it may be written."""
    shown = (*DETAILS, *SHOWN_ONLY, *((CHARGE_CURRENT,) if charge_current else ()))
    return {detail.path: await read_detail(session, detail) for detail in shown}


async def read_input_limits(session: VEBusSession) -> dict[int, float]:
    """Return the limit of each AC input as set for good; the one in use has its own in the configuration frame."""
    found: dict[int, float] = {}
    for number, setting in INPUT_LIMITS.items():
        try:
            limit = await ask_again(lambda setting=setting: session.get_setting(setting))  # type: ignore[misc]  # bound now
        except LinkLost:
            return found
        if limit is not None:
            found[number] = limit
    return found


async def write_detail(control: Control, detail: Detail, value: float) -> None:
    """Write what a path shows; to EEPROM when that is allowed, else to RAM."""
    persist = detail.may_persist and control.permissions.eeprom
    if detail.flag is None:
        await control.write_setting(detail.setting, value, persist=persist)
    elif value:
        await control.write_flags(detail.setting, on=detail.flag, persist=persist)
    else:
        await control.write_flags(detail.setting, off=detail.flag, persist=persist)
