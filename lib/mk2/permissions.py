"""What a user allows a program to change. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Permissions:
    """What is allowed beyond switching and limiting.

    Attributes:
        off_without_standby: switch off even when the interface cannot keep the bus awake; it may not come back.
        ram_variables: write variables besides the state of charge and the words of ESS.
        settings: write settings to RAM, where they last until the device restarts.
        charge_current: write the one setting that limits the charge current, to RAM.
        eeprom: write settings to EEPROM.
        reset: restart the device, which drops the AC output.
    """

    off_without_standby: bool = False
    ram_variables: bool = False
    settings: bool = False
    charge_current: bool = False
    eeprom: bool = False
    reset: bool = False
