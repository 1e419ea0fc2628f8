"""What people call variables, settings and flags on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mk2.ram_var import RamVar
from mk2.setting import Flag0, Flag1, Flag2, Setting

if TYPE_CHECKING:
    from enum import IntFlag

FLAGS: dict[Setting, type[IntFlag]] = {Setting.FLAGS0: Flag0, Setting.FLAGS1: Flag1, Setting.FLAGS2: Flag2}
ALIASES = {"SOC": RamVar.STATE_OF_CHARGE}
"""Shorter names for what is written most."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be read or written: a variable, a setting, or one flag of a setting."""

    name: str
    ram: int | None = None
    setting: int | None = None
    flag: int | None = None


def find_target(text: str) -> Target:
    """Return what a name means: `SOC`, `absorption_voltage`, `FLAGS2.PREFER_RENEWABLE`, `ram:131`, `setting:64`.

    Raises:
        ValueError: nothing is called so.
    """
    name = text.strip().upper()
    kind, _, number = name.partition(":")
    if kind in {"RAM", "SETTING"} and number.isdigit():
        return Target(name, ram=int(number)) if kind == "RAM" else Target(name, setting=int(number))
    for setting, flags in FLAGS.items():
        for flag in flags:
            if name in {f"{setting.name}.{flag.name}", flag.name}:
                return Target(f"{setting.name}.{flag.name}", setting=setting, flag=int(flag))
    if name in ALIASES:
        return Target(ALIASES[name].name, ram=ALIASES[name])
    if name in Setting.__members__:
        return Target(name, setting=Setting[name])
    if name in RamVar.__members__:
        return Target(name, ram=RamVar[name])
    raise ValueError(f"{text!r} is no variable, setting or flag; --list shows them, ram:N and setting:N name any")


def setting_name(number: int) -> str:
    """Return what a setting is called."""
    try:
        return Setting(number).name
    except ValueError:
        return f"setting:{number}"
