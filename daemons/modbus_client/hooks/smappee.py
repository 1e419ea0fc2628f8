"""Smappee Power Box: which current transformer measures which phase decides where its values lie.

Slots 0..27: phase at 0x1000 + slot as a bit mask (1, 2, 4; 16, 32, 64 when the transformer is turned round), current
at 0x0080 + 4 x slot, power at 0x0380 + 2 x slot, energy at 0x3000 + 4 x slot. Nothing is written to the box at start:
the stock driver fills its virtual channel and stores that in flash on every start, only to get a sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modbus_client.protocol.errors import Unusable
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
IDENTITY_AT = 0x1620
FIRMWARE_AT = 0x1624
MINIMUM_FIRMWARE = (1, 44)
PHASE_OF_MASK = {0: -1, 1: 0, 2: 1, 4: 2}
_REVERSED = 4  # bits by which a turned transformer's mask is shifted
FAST_AGE_S = 0.1
PHASE_NAMES = {-1: "None", 0: "L1", 1: "L2", 2: "L3"}
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
        slots = slots_of_phases(masks)
        if not slots:
            raise Unusable("no current transformer is assigned to a phase; do that with the Smappee app")
        facts["phases"] = tuple(sorted(slots))
        registers = [register for phase, slot in slots.items() for register in _of_phase(phase, slot)]
        return registers + [register for slot, mask in enumerate(masks) if mask for register in _of_slot(slot)]


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
        facts["serial"] = f"{words[0]:04d}{words[3] << 16 | words[2]:06d}"
    version = yield from read("holding", FIRMWARE_AT, 2)
    if version and (version[1], version[0]) < MINIMUM_FIRMWARE:
        found = f"{version[1]}.{version[0]}"
        raise Unusable(f"firmware {found} is too old, {'.'.join(map(str, MINIMUM_FIRMWARE))} is needed: update the box")
    if version:
        facts["firmware_text"] = f"{version[1]}.{version[0]}"


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
    always = WriteRule(values=tuple(PHASE_NAMES), many=True)  # the box takes function 16 only
    kinds = WriteRule(minimum=0, maximum=len(CT_TYPES) - 1, many=True)
    u16 = parse_type("u16")
    names = dict(enumerate(CT_TYPES))
    return [
        Register(
            f"/CT/{slot}/Phase",
            PHASE_AT + slot,
            u16,
            map=masks,
            names=PHASE_NAMES,
            write=always,
            reprepare=True,
            age_s=60,
        ),
        Register(f"/CT/{slot}/Type", TYPE_AT + slot, u16, names=names, write=kinds, age_s=60),
    ]
