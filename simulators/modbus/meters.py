"""Register tables of simulated meters, transcribed from the makers' lists that the fact sheets name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.modbus.image import Image, Line

if TYPE_CHECKING:
    from simulators.modbus.truths import Truths

PHASES = (1, 2, 3)


def _per_phase(table: str, *where: int, coding: str, name: str, factor: float) -> list[Line]:
    first, step = where
    return [(table, first + step * (n - 1), coding, f"/Ac/L{n}/{name}", factor) for n in PHASES]


def _image(lines: list[Line], truths: Truths, **identity: tuple[str, int, str, float | str]) -> Image:
    image = Image()
    image.fill(lines, truths)
    for table, at, coding, value in identity.values():
        image.put(table, at, coding, value)
    return image


def abb_b23(truths: Truths) -> Image:
    """ABB B23, three phases."""
    lines: list[Line] = [
        ("h", 0x5000, "u64", "/Ac/Energy/Forward", 100),
        ("h", 0x5004, "u64", "/Ac/Energy/Reverse", 100),
        ("h", 0x5B14, "s32", "/Ac/Power", 100),
        ("h", 0x5B2C, "u16", "/Ac/Frequency", 100),
        ("h", 0x5B3A, "s16", "/Ac/PowerFactor", 1000),
        *_per_phase("h", 0x5B00, 2, coding="u32", name="Voltage", factor=10),
        *_per_phase("h", 0x5B0C, 2, coding="u32", name="Current", factor=100),
        *_per_phase("h", 0x5B16, 2, coding="s32", name="Power", factor=100),
        *_per_phase("h", 0x5B3B, 1, coding="s16", name="PowerFactor", factor=1000),
        *_per_phase("h", 0x5460, 4, coding="u64", name="Energy/Forward", factor=100),
        *_per_phase("h", 0x546C, 4, coding="u64", name="Energy/Reverse", factor=100),
    ]
    return _image(
        lines,
        truths,
        model=("h", 0x8960, "u32", 0x42323320),
        serial=("h", 0x8900, "s32", 123456),
        firmware=("h", 0x8908, "text8", "B1.2.3"),
    )


def _carlo_gavazzi(truths: Truths, energy_at: int, frequency_at: int) -> Image:
    lines: list[Line] = [
        *_per_phase("h", 0x0000, 2, coding="s32sw", name="Voltage", factor=10),
        *_per_phase("h", 0x000C, 2, coding="s32sw", name="Current", factor=1000),
        *_per_phase("h", 0x0012, 2, coding="s32sw", name="Power", factor=10),
        ("h", 0x0028, "s32sw", "/Ac/Power", 10),
        *_per_phase("h", energy_at, 2, coding="s32sw", name="Energy/Forward", factor=10),
        ("h", frequency_at, "u16", "/Ac/Frequency", 10),
    ]
    image = Image()
    # These meters answer for every register of the block, used or not.
    image.registers.update({("h", at): 0 for at in range(0x66)})
    image.fill(lines, truths)
    return image


def em24_ethernet(truths: Truths, application: int = 7) -> Image:
    """Carlo Gavazzi EM24 with Ethernet."""
    image = _carlo_gavazzi(truths, 0x0040, 0x0033)
    image.fill(
        [("h", 0x0034, "s32sw", "/Ac/Energy/Forward", 10), ("h", 0x004E, "s32sw", "/Ac/Energy/Reverse", 10)], truths
    )
    image.put("h", 0x000B, "u16", 1648)
    image.put("h", 0x0302, "u16", 0x1205)
    image.put("h", 0x0304, "u16", 0x1309)
    image.put("h", 0x1002, "u16", 0)
    image.put("h", 0x5000, "text7", "BY1234500")
    image.put("h", 0xA000, "u16", application)
    image.put("h", 0xA100, "u16", 0)
    return image


def et340(truths: Truths) -> Image:
    """Carlo Gavazzi ET340 on RS485."""
    image = _carlo_gavazzi(truths, 0x0040, 0x0033)
    lines: list[Line] = [
        ("h", 0x0034, "s32sw", "/Ac/Energy/Forward", 10),
        ("h", 0x004E, "s32sw", "/Ac/Energy/Reverse", 10),
        *_per_phase("h", 0x002E, 1, coding="s16", name="PowerFactor", factor=1000),
        ("h", 0x0031, "s16", "/Ac/PowerFactor", 1000),
        *_per_phase("h", 0x0060, 2, coding="s32sw", name="Energy/Reverse", factor=10),
    ]
    image.fill(lines, truths)
    image.put("h", 0x000B, "u16", 341)
    image.put("h", 0x0302, "u16", 12)
    image.put("h", 0x1002, "u16", 0)
    image.put("h", 0x5000, "text7", "KZ98765")
    return image


def et112(truths: Truths) -> Image:
    """Carlo Gavazzi ET112, one phase."""
    lines: list[Line] = [
        ("h", 0x0000, "s32sw", "/Ac/L1/Voltage", 10),
        ("h", 0x0002, "s32sw", "/Ac/L1/Current", 1000),
        ("h", 0x0004, "s32sw", "/Ac/Power", 10),
        ("h", 0x000F, "u16", "/Ac/Frequency", 10),
        ("h", 0x0010, "s32sw", "/Ac/Energy/Forward", 10),
        ("h", 0x0020, "s32sw", "/Ac/Energy/Reverse", 10),
    ]
    image = Image()
    image.registers.update({("h", at): 0 for at in range(0x22)})
    image.fill(lines, truths)
    image.put("h", 0x000B, "u16", 112)
    image.put("h", 0x0303, "u16", 3)
    image.put("h", 0x5000, "text7", "ET55555")
    return image


def sdm630(truths: Truths) -> Image:
    """Eastron SDM630."""
    lines: list[Line] = [
        *_per_phase("i", 0x0000, 2, coding="f32", name="Voltage", factor=1),
        *_per_phase("i", 0x0006, 2, coding="f32", name="Current", factor=1),
        *_per_phase("i", 0x000C, 2, coding="f32", name="Power", factor=1),
        *_per_phase("i", 0x001E, 2, coding="f32", name="PowerFactor", factor=1),
        ("i", 0x0034, "f32", "/Ac/Power", 1),
        ("i", 0x0046, "f32", "/Ac/Frequency", 1),
        ("i", 0x0048, "f32", "/Ac/Energy/Forward", 1),
        ("i", 0x004A, "f32", "/Ac/Energy/Reverse", 1),
        *_per_phase("i", 0x015A, 2, coding="f32", name="Energy/Forward", factor=1),
        *_per_phase("i", 0x0160, 2, coding="f32", name="Energy/Reverse", factor=1),
    ]
    image = Image(max_count=80)
    image.registers.update({("i", at): 0 for at in range(0x180)})
    image.fill(lines, truths)
    image.put("h", 0x000A, "f32", 3.0)
    image.put("h", 0xFC00, "u32", 7001234)
    image.put("h", 0xFC02, "u16", 112)
    image.put("h", 0xFC03, "u16", 27)
    return image


def sdm230(truths: Truths) -> Image:
    """Eastron SDM230, one phase."""
    lines: list[Line] = [
        ("i", 0x0000, "f32", "/Ac/L1/Voltage", 1),
        ("i", 0x0006, "f32", "/Ac/L1/Current", 1),
        ("i", 0x000C, "f32", "/Ac/Power", 1),
        ("i", 0x001E, "f32", "/Ac/PowerFactor", 1),
        ("i", 0x0046, "f32", "/Ac/Frequency", 1),
        ("i", 0x0048, "f32", "/Ac/Energy/Forward", 1),
        ("i", 0x004A, "f32", "/Ac/Energy/Reverse", 1),
    ]
    image = Image(max_count=80)
    image.registers.update({("i", at): 0 for at in range(0x160)})
    image.fill(lines, truths)
    image.put("h", 0xFC00, "u32", 2304567)
    image.put("h", 0xFC02, "u16", 43)
    image.put("h", 0xFC03, "u16", 11)
    return image


def iem3155(truths: Truths) -> Image:
    """Schneider iEM3155: identified by its name, energy in Wh, power in kW."""
    lines: list[Line] = [
        *_per_phase("h", 2999, 2, coding="f32", name="Current", factor=1),
        *_per_phase("h", 3027, 2, coding="f32", name="Voltage", factor=1),
        *_per_phase("h", 3053, 2, coding="f32", name="Power", factor=0.001),
        ("h", 3059, "f32", "/Ac/Power", 0.001),
        ("h", 3109, "f32", "/Ac/Frequency", 1),
        ("h", 3203, "s64", "/Ac/Energy/Forward", 1000),
        ("h", 3207, "s64", "/Ac/Energy/Reverse", 1000),
        *_per_phase("h", 3517, 4, coding="s64", name="Energy/Forward", factor=1000),
    ]
    image = _image(lines, truths)
    image.identification = {0: "Schneider Electric", 1: "METSEIEM3155", 2: "001.300"}
    return image


def vm3p75ct(truths: Truths, role: int = 0) -> Image:
    """Victron VM-3P75CT with its VregLink window."""
    lines: list[Line] = [
        ("h", 0x3032, "u16", "/Ac/Frequency", 100),
        ("h", 0x3034, "u32", "/Ac/Energy/Forward", 100),
        ("h", 0x3036, "u32", "/Ac/Energy/Reverse", 100),
        ("h", 0x303A, "s16", "/Ac/PowerFactor", 1000),
        ("h", 0x3080, "s32", "/Ac/Power", 1),
        *_per_phase("h", 0x3040, 8, coding="s16", name="Voltage", factor=100),
        *_per_phase("h", 0x3041, 8, coding="s16", name="Current", factor=100),
        *_per_phase("h", 0x3042, 8, coding="u32", name="Energy/Forward", factor=100),
        *_per_phase("h", 0x3044, 8, coding="u32", name="Energy/Reverse", factor=100),
        *_per_phase("h", 0x3047, 8, coding="s16", name="PowerFactor", factor=1000),
        *_per_phase("h", 0x3082, 4, coding="s32", name="Power", factor=1),
    ]
    image = Image(vreg_at=0x4000)
    image.registers.update({("h", at): 0 for at in range(0x3030, 0x3090)})
    image.registers.update({("h", at): 0 for at in range(0x2000, 0x2026)})
    image.fill(lines, truths)
    image.put("h", 0x1000, "u16", 0xA1B1)
    image.put("h", 0x1001, "text8", "HQ2345ABCDE")
    image.put("h", 0x1009, "u32", 0x000109FF)
    image.put("h", 0x100B, "u16", 2)
    image.put("h", 0x2000, "u16", 3)
    image.put("h", 0x2001, "u16", role)
    image.put("h", 0x2002, "text32", "Shore power")
    image.put("h", 0x2024, "u32", 0x0400)
    image.vregs = {0x0100: b"\x00\x12\x34\xfe", 0x010C: b"Shore power", 0x0112: b"\x05"}
    return image


def p1link(truths: Truths) -> Image:
    """Victron P1Link on a three-phase connection."""
    lines: list[Line] = [
        ("h", 0x3034, "u32", "/Ac/Energy/Forward", 100),
        ("h", 0x3036, "u32", "/Ac/Energy/Reverse", 100),
        ("h", 0x3080, "s32", "/Ac/Power", 1),
        *_per_phase("h", 0x3040, 8, coding="s16", name="Voltage", factor=100),
        *_per_phase("h", 0x3058, 2, coding="s32", name="Current", factor=100),
        *_per_phase("h", 0x3082, 4, coding="s32", name="Power", factor=1),
    ]
    image = Image(vreg_at=0x4000, vregs={0x010C: b"Meter cupboard"})
    image.registers.update({("h", at): 0 for at in range(0x3030, 0x3090)})
    image.registers.update({("h", at): 0 for at in range(0x2000, 0x2022)})
    image.fill(lines, truths)
    image.put("h", 0x1000, "u16", 0xC02F)
    image.put("h", 0x1001, "text8", "HQ2399ZZZZZ")
    image.put("h", 0x1009, "u32", 0x000100FF)
    image.put("h", 0x100B, "u16", 1)
    image.put("h", 0x2000, "u16", 3)
    image.put("h", 0x2002, "text32", "Meter cupboard")
    return image


def smappee(truths: Truths) -> Image:
    """Smappee Power Box with transformers 0, 1 and 2 on L1, L2 and (turned round) L3."""
    image = Image()
    image.registers.update(
        {
            ("h", at): 0
            for first, count in ((0x0000, 16), (0x0080, 128), (0x0380, 80), (0x03F0, 16))
            for at in range(first, first + count)
        }
    )
    image.registers.update(
        {("h", 0x1000 + slot): 0 for slot in range(28)} | {("h", 0x1100 + slot): 3 for slot in range(28)}
    )
    image.registers.update({("h", 0x3000 + at): 0 for at in range(112)})
    lines: list[Line] = [
        *_per_phase("h", 0x0000, 4, coding="f32sw", name="Voltage", factor=1),
        *_per_phase("h", 0x0080, 4, coding="f32sw", name="Current", factor=1),
        *_per_phase("h", 0x0380, 2, coding="f32sw", name="Power", factor=1),
        *_per_phase("h", 0x3000, 4, coding="s32sw", name="Energy/Forward", factor=1000),
        *_per_phase("h", 0x3002, 4, coding="s32sw", name="Energy/Reverse", factor=1000),
        ("h", 0x03F8, "f32sw", "/Ac/Frequency", 1),
    ]
    image.fill(lines, truths)
    image.put("h", 0x03F6, "f32sw", 50.0)
    for slot, mask in enumerate((1, 2, 64)):
        image.put("h", 0x1000 + slot, "u16", mask)
    image.put("h", 0x1180, "u16", 0)
    for at, word in ((0x1620, 5400), (0x1621, 0), (0x1622, 0x1234), (0x1623, 1), (0x1624, 46), (0x1625, 1)):
        image.put("h", at, "u16", word)
    return image
