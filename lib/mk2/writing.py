"""Reads and writes whatever a name stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mk2.errors import Unsafe
from mk2.names import Target, setting_name
from mk2.setting import Setting

if TYPE_CHECKING:
    from mk2.control import Control
    from mk2.session import VEBusSession

PERCENT = 100
ON_WORDS = {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}


async def read_target(session: VEBusSession, target: Target) -> str:
    """Return the present value as text."""
    if target.ram is not None:
        (value,) = await session.get_ram(target.ram)
        return f"{target.name} = {value:g}"
    number = target.setting or 0
    if target.flag is not None:
        raw = await session.get_setting_raw(number)
        return f"{target.name} = {'on' if raw & target.flag else 'off'}"
    return f"{setting_name(number)} = {await session.get_setting(number):g}"


async def write_target(control: Control, target: Target, text: str, *, persist: bool = False) -> str:
    """Write a value given as text; return what the device says afterwards.

    A state of charge is given in percent. Settings go to RAM unless `persist`.

    Raises:
        Unsafe: not allowed, or the text is no value for it.
    """
    session = control.session
    if target.flag is not None:
        if text.lower() not in ON_WORDS:
            raise Unsafe(f"{target.name} is on or off, not {text!r}")
        on, off = (target.flag, 0) if ON_WORDS[text.lower()] else (0, target.flag)
        await control.write_flags(Setting(target.setting or 0), on=on, off=off, persist=persist)
        return await read_target(session, target)
    try:
        value = float(text)
    except ValueError:
        raise Unsafe(f"{text!r} is no number") from None
    if target.ram is not None:
        info = await session.ram_info(target.ram)
        is_soc = target.name == "STATE_OF_CHARGE"
        try:
            raw = info.encode(value / PERCENT if is_soc else value)
        except ValueError as error:
            raise Unsafe(f"{target.name}: {error}") from error
        await control.write_ram(target.ram, raw)
        (found,) = await session.get_ram(target.ram)
        return f"{target.name} = {found * PERCENT if is_soc else found:g}"
    await control.write_setting(target.setting or 0, value, persist=persist)
    return await read_target(session, target)
