"""The eight LEDs of the front panel.

Each LED has a bit in `on` and in `blink`. Both bytes 1F together mean that the interface does not know.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from mk2.frames.record import Record

UNKNOWN = b"\x1f\x1f"


class Led(IntEnum):
    """Bit number of each LED."""

    MAINS = 0
    ABSORPTION = 1
    BULK = 2
    FLOAT = 3
    INVERTER = 4
    OVERLOAD = 5
    LOW_BATTERY = 6
    TEMPERATURE = 7


class Light(IntEnum):
    """What one LED does, numbered as on the Venus D-Bus."""

    OFF = 0
    ON = 1
    BLINK = 2
    BLINK_INVERTED = 3


@dataclass(frozen=True, slots=True)
class LedRequest(Record):
    """Ask for the LEDs."""

    HEAD: ClassVar[bytes] = b"\xffL"


@dataclass(frozen=True, slots=True)
class Leds(Record):
    """State of all LEDs: reply to the request, or appended to any other frame."""

    HEAD: ClassVar[bytes] = b"\xffL"
    LAYOUT: ClassVar[struct.Struct] = struct.Struct("BB")
    # Seen with one, two and (MK3) four more bytes of unknown meaning behind.
    TAIL: ClassVar[frozenset[int]] = frozenset({0, 1, 2, 4})

    on: int
    blink: int
    tail: bytes = b""

    @classmethod
    def appended(cls, leds: bytes) -> Self:
        """Return the LEDs from the two bytes that a frame with LEN bit 7 carries."""
        return cls(leds[0], leds[1])

    @property
    def is_known(self) -> bool:
        """Tell whether the interface knows the LEDs at all."""
        return bytes((self.on, self.blink)) != UNKNOWN

    def light(self, led: Led) -> Light | None:
        """Return what `led` does, or None while unknown. Both bits set: it blinks while the others are dark."""
        if not self.is_known:
            return None
        on, blink = self.on >> led & 1, self.blink >> led & 1
        return (Light.OFF, Light.ON, Light.BLINK, Light.BLINK_INVERTED)[on + 2 * blink]
