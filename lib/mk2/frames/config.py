"""The configuration frame (type 41): shore limits, switch positions and, on newer firmware, the LEDs.

Field note: the first byte is 10h where the next two are the LEDs; then asking for the LEDs separately is superfluous.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntFlag
from typing import ClassVar

from mk2.frames.led import Leds
from mk2.frames.record import Record
from mk2.frames.switch import SwitchState

WITH_LEDS = 0x10


class SwitchRegister(IntFlag):
    """Last byte of the frame."""

    REMOTE_CHARGE = 0x01
    REMOTE_INVERT = 0x02
    FRONT_ON = 0x04
    FRONT_CHARGER_ONLY = 0x08
    CHARGE_ACTIVE = 0x10
    INVERT_ACTIVE = 0x20
    ONBOARD_REMOTE_INVERT = 0x40
    REMOTE_GENERATOR = 0x80


class AcFlag(IntFlag):
    """Flags of the AC inputs; the other bits are numbers, see `ConfigInfo`."""

    LIMIT_FROM_PANEL = 0x04
    MULTI_CONTROL = 0x08
    PANEL_DETECTED = 0x80


_STATES = {
    (True, True): SwitchState.ON,
    (True, False): SwitchState.CHARGER_ONLY,
    (False, True): SwitchState.INVERTER_ONLY,
}


@dataclass(frozen=True, slots=True)
class ConfigInfo(Record):
    """Limits in steps of 0.1 A: smallest, largest, and the one in force."""

    HEAD: ClassVar[bytes] = b"\x41"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBBBBHHHB")

    kind: int
    led_on: int
    led_blink: int
    status: int
    ac_flags: int
    limit_min: int
    limit_max: int
    limit: int
    switch_register: int

    @property
    def leds(self) -> Leds | None:
        """The LEDs, when this firmware puts them into the frame."""
        return Leds(self.led_on, self.led_blink) if self.kind == WITH_LEDS else None

    @property
    def last_input(self) -> int:
        """AC input that is or was last in use, from 0."""
        return self.ac_flags & 0x03

    @property
    def input_count(self) -> int:
        """Number of AC inputs."""
        return self.ac_flags >> 4 & 0x07

    @property
    def active_state(self) -> SwitchState:
        """What all switches together amount to."""
        register = self.switch_register
        charge, invert = bool(register & SwitchRegister.CHARGE_ACTIVE), bool(register & SwitchRegister.INVERT_ACTIVE)
        return _STATES.get((charge, invert), SwitchState.OFF)

    @property
    def remote_state(self) -> SwitchState:
        """What the remote switch says, whether or not it is obeyed."""
        register = self.switch_register
        charge, invert = bool(register & SwitchRegister.REMOTE_CHARGE), bool(register & SwitchRegister.REMOTE_INVERT)
        return _STATES.get((charge, invert), SwitchState.OFF)

    def is_valid(self) -> bool:
        """Smallest and largest limit are in order; the one in force is not always between them."""
        return self.limit_min <= self.limit_max
