"""The info frames of a simulated system: battery side, phases, configuration."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.multiplus.plant import Plant

LEFTOVERS = b"\xb6\x89\x6d\xb7"
"""What real devices have in the first bytes of a DC frame: nothing that means anything."""

PHASE_INFO_OF_OTHERS = {1: 0x07, 2: 0x06, 3: 0x05}
LIMIT_MIN, LIMIT_MAX = 94, 500
SWITCH_BITS = {1: 0x11, 2: 0x22, 3: 0x33, 4: 0x00}
FRONT_SWITCH_ON = 0x04
INVERTER_PERIOD = round(19610 / 50.0 - 256)


def dc_frame(plant: Plant, now: float) -> bytes:
    """Return the battery side; the current is that of all devices."""
    current = round(plant.battery_a(now) * 100)
    return (
        b"\x20"
        + LEFTOVERS
        + b"\x0c"
        + struct.pack("<H", round(plant.battery_v(now) * 100))
        + max(0, -current).to_bytes(3, "little")
        + max(0, current).to_bytes(3, "little")
        + bytes([INVERTER_PERIOD])
    )


def ac_frame(plant: Plant, index: int, devices: int, now: float) -> bytes:
    """Return a phase, counted from 0. With several devices on it, its currents are to be taken times their number."""
    phase = plant.phase(index, now)
    inverter_a = -phase.charge_w / phase.output_v if phase.output_v else 0.0
    return struct.pack(
        "<BBBBBBHhHhB",
        0x20,
        devices,
        devices,
        0x01,
        phase.state,
        0x07 + plant.phases if index == 0 else PHASE_INFO_OF_OTHERS[index],
        round(phase.mains_v * 100),
        round(phase.mains_a / devices * 100),
        round(phase.output_v * 100),
        round(inverter_a / devices * 100),
        round(9770 / plant.mains_hz) if phase.mains_v else 0xFF,
    )


def config_frame(plant: Plant, leds: bytes, limit: int) -> bytes:
    """Return limits and switches, with the LEDs in it as newer firmware has them."""
    switch = SWITCH_BITS[plant.switch] | FRONT_SWITCH_ON
    return struct.pack("<BB2sBBHHHB", 0x41, 0x10, leds, 0, 0x90, LIMIT_MIN, LIMIT_MAX, limit, switch)
