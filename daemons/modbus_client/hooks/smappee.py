"""Smappee Power Box: which current transformer measures which phase decides where its values lie.

Slots 0..27: phase at 0x1000 + slot as a bit mask (1, 2, 4; 16, 32, 64 when the transformer is turned round), current
at 0x0080 + 4 x slot, power at 0x0380 + 2 x slot, energy at 0x3000 + 4 x slot; a write to 0x0900 + slot makes the device
blink to which the transformer is plugged. The devices of the box's own bus (itself and its CT hubs) lie from
0x1480, 32 registers each: type, slots, serial number, firmware, and which slot each of their channels is. Nothing is
written to the box at start: the stock driver resets the slots, gives the first three a phase, and fills a virtual
channel, all of which is stored in flash, to get a sum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.errors import Unusable
from modbus_client.protocol.prepare import Shown
from modbus_client.protocol.register import Register, WriteRule
from modbus_client.protocol.steps import read
from modbus_client.protocol.words import parse_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modbus_client.protocol.condition import Facts
    from modbus_client.protocol.steps import Steps

SLOTS = 28
PHASE_AT = 0x1000
TYPE_AT = 0x1100
IDENTIFY_AT = 0x0900
IDENTITY_AT = 0x1620
FIRMWARE_AT = 0x1624
BUS_AT = 0x1480
BUS_STEP = 0x20
BUS_DEVICES = 10
CHANNELS_AT = 0x0A
MAX_CHANNELS = 20
"""What fits between the channels' first register and the next device."""
GAP_AFTER = 7
"""Behind channel 7 one register is left out."""
MINIMUM_FIRMWARE = (1, 44)
PHASE_OF_MASK = {0: -1, 1: 0, 2: 1, 4: 2}
_REVERSED = 4  # bits by which a turned transformer's mask is shifted
FAST_AGE_S = 0.1
PHASE_NAMES = {-1: "None", 0: "L1", 1: "L2", 2: "L3"}
DEVICE_NAMES = {5400: "Power Box", 5500: "CT Hub", 5600: "Solid Core 3-Phase CT"}
CT_TYPES = (
    "SCT01-50A/100A/200A", "SCT01-400A/800A", "Rogowski coil 600A-100mV", "SCT02-50A", "SCT02-100A", "SCT02-200A",
    "SCT02-400A", "SCT02-800A", "SCT03-50A", "SCT03-100A", "SCT03-200A", "Rogowski coil 400A-100mV", "Closed CT",
)  # fmt: skip


class SmappeeHook:
    """Finds the transformers, refuses firmware that reports them differently."""

    def identify(self, words: Sequence[int]) -> str | None:
        """Not used: the model register is a plain number."""
        del words
        return None

    def prepare(self, facts: Facts, options: Mapping[str, Any]) -> Steps[list[Register]]:
        """Return the registers of each phase that has a transformer, and of the transformers' own settings."""
        del options
        yield from _read_identity(facts)
        masks = yield from read("holding", PHASE_AT, SLOTS)
        if masks is None:
            raise Unusable("the box does not answer for its current transformers")
        shown = yield from _read_bus()
        plugged = {int(path.split("/")[2]) for path in shown if path.startswith("/CT/")}
        plugged |= {slot for slot, mask in enumerate(masks) if mask}
        if not plugged:
            raise Unusable("the box has no current transformer")
        facts["shown"] = shown | {"/CTTypes": Shown(list(CT_TYPES))}
        slots = slots_of_phases(masks)
        facts["phases"] = tuple(sorted(slots))
        registers = [register for phase, slot in slots.items() for register in _of_phase(phase, slot)]
        return registers + [register for slot in sorted(plugged) for register in _of_slot(slot)]


def slots_of_phases(masks: Sequence[int]) -> dict[int, int]:
    """Return the first slot of each phase 1..3. An unknown mask is a slot without a phase."""
    slots: dict[int, int] = {}
    for slot, mask in enumerate(masks):
        phase = PHASE_OF_MASK.get(mask, PHASE_OF_MASK.get(mask >> _REVERSED, -1))
        if phase >= 0:
            slots.setdefault(phase + 1, slot)
    return slots


def _read_identity(facts: Facts) -> Steps[None]:
    words = yield from read("holding", IDENTITY_AT, 4)
    if words:
        facts["serial"] = _serial(words)
    version = yield from read("holding", FIRMWARE_AT, 2)
    if version and (version[1], version[0]) < MINIMUM_FIRMWARE:
        least = ".".join(map(str, MINIMUM_FIRMWARE))
        raise Unusable(f"firmware {_version(version)} is too old, {least} is needed: update the box")
    if version:
        facts["firmware_text"] = _version(version)


def _serial(words: Sequence[int]) -> str:
    return f"{words[0]:04d}{words[3] << 16 | words[2]:06d}"


def _version(words: Sequence[int]) -> str:
    return f"{words[1]}.{words[0]}"


def _read_bus() -> Steps[dict[str, Shown]]:
    """Return what is known of the devices on the box's bus, and to which of them each transformer is plugged."""
    shown: dict[str, Shown] = {}
    for number in range(BUS_DEVICES):
        words = yield from read("holding", BUS_AT + BUS_STEP * number, 6)
        if not words or not words[0]:
            continue
        kind, base = words[0], f"/Device/{number}"
        shown[f"{base}/Type"] = Shown(kind, DEVICE_NAMES.get(kind, str(kind)))
        shown[f"{base}/Slots"] = Shown(words[1])
        shown[f"{base}/Serial"] = Shown(_serial(words))
        shown[f"{base}/FirmwareVersion"] = Shown(_version(words[4:]))
        shown |= yield from _read_channels(number, min(words[1], MAX_CHANNELS))
    return shown


def _read_channels(number: int, count: int) -> Steps[dict[str, Shown]]:
    shown: dict[str, Shown] = {}
    if not count:
        return shown
    size = count + (count > GAP_AFTER + 1)
    words = yield from read("holding", BUS_AT + BUS_STEP * number + CHANNELS_AT, size)
    if words is None:
        return shown
    for channel in range(count):
        slot, letter = words[channel + (channel > GAP_AFTER)], chr(ord("A") + channel)
        shown[f"/Device/{number}/Channel/{letter}/Slot"] = Shown(slot)
        if slot < SLOTS:
            shown[f"/CT/{slot}/Device"] = Shown(number)
            shown[f"/CT/{slot}/DeviceChannel"] = Shown(letter)
    return shown


def _of_phase(phase: int, slot: int) -> list[Register]:
    f32, s32 = parse_type("f32_lw"), parse_type("s32_lw")
    ac = f"/Ac/L{phase}"
    return [
        Register(f"{ac}/Voltage", 4 * (phase - 1), f32, fmt="%.1f V"),
        Register(f"{ac}/Current", 0x0080 + 4 * slot, f32, fmt="%.1f A"),
        Register(f"{ac}/Power", 0x0380 + 2 * slot, f32, fmt="%.1f W", age_s=FAST_AGE_S),
        Register(f"{ac}/Energy/Forward", 0x3000 + 4 * slot, s32, div=1000.0, fmt="%.1f kWh"),
        Register(f"{ac}/Energy/Reverse", 0x3002 + 4 * slot, s32, div=1000.0, fmt="%.1f kWh"),
    ]


def _of_slot(slot: int) -> list[Register]:
    masks = {mask << shift: phase for mask, phase in PHASE_OF_MASK.items() for shift in (0, _REVERSED)}
    # The box takes function 16 only.
    alone = WriteRule(values=tuple(PHASE_NAMES), many=True, alone_among=(PHASE_AT, SLOTS))
    kinds = WriteRule(minimum=0, maximum=len(CT_TYPES) - 1, many=True)
    blink = WriteRule(minimum=0, maximum=0xFFFF, many=True)
    u16, base = parse_type("u16"), f"/CT/{slot}"
    phase = Register(f"{base}/Phase", PHASE_AT + slot, u16, map=masks, names=PHASE_NAMES, write=alone, age_s=60)
    return [
        replace(phase, reprepare=True),
        Register(f"{base}/Type", TYPE_AT + slot, u16, names=dict(enumerate(CT_TYPES)), write=kinds, age_s=60),
        Register(f"{base}/Identify", IDENTIFY_AT + slot, u16, write=blink, write_only=True),
    ]
