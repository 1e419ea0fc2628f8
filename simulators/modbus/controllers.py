"""Register tables of simulated genset controllers, inverters and an EV charger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.modbus.image import Image, Line

if TYPE_CHECKING:
    from simulators.modbus.truths import Truths


def _phases(table: str, *where: int, coding: str, name: str, factor: float) -> list[Line]:
    first, step = where
    return [(table, first + step * n, coding, f"/Ac/L{n + 1}/{name}", factor) for n in range(3)]


def comap(truths: Truths) -> Image:
    """ComAp InteliLite 4: power in kW, hours in tenths, a coil to start."""
    lines: list[Line] = [
        ("h", 1004, "u16", "/Engine/Speed", 1),
        ("h", 1006, "s16", "/Engine/CoolantTemperature", 1),
        ("h", 1008, "s16", "/Engine/OilPressure", 0.1),
        ("h", 1013, "u32", "/Engine/OperatingHours", 1 / 360),
        ("h", 1020, "s16", "/Ac/Power", 0.001),
        *_phases("h", 1021, 1, coding="s16", name="Power", factor=0.001),
        ("h", 1036, "u16", "/Ac/Frequency", 10),
        *_phases("h", 1037, 1, coding="u16", name="Voltage", factor=1),
        *_phases("h", 1043, 1, coding="u16", name="Current", factor=1),
        ("h", 1053, "u16", "/StarterVoltage", 10),
        ("h", 1055, "u16", "level", 1),
        ("h", 1263, "u32", "/Ac/Energy/Forward", 1),
    ]
    image = Image(coils={4700: False})
    image.fill(lines, truths)
    image.put("h", 1298, "u16", 7)
    image.put("h", 1301, "u16", 3)
    image.put("h", 1307, "text16", "InteliLite4-AMF25")
    image.put("h", 1323, "text8", "1.9.0")
    image.put("h", 1382, "u16", 2)
    image.put("h", 3000, "text8", "Gen 1")
    return image


def cre(truths: Truths) -> Image:
    """CRE Compact AMF of 60 kW: power in steps of 10 W."""
    lines: list[Line] = [
        *_phases("h", 50, 1, coding="u16", name="Voltage", factor=1),
        *_phases("h", 59, 1, coding="u16", name="Current", factor=1),
        ("h", 75, "u16", "/Ac/Frequency", 100),
        ("h", 78, "u16", "/Engine/Starts", 1),
        ("h", 79, "u32sw", "/Ac/Energy/Forward", 1),
        ("h", 83, "u32sw", "/Engine/OperatingHours", 1 / 3600),
        ("h", 200, "u16", "/Engine/OilPressure", 0.1),
        ("h", 201, "s16", "/Engine/CoolantTemperature", 10),
        ("h", 202, "u16", "/Engine/Speed", 1),
        ("h", 204, "u16", "/StarterVoltage", 10),
        ("h", 358, "s16", "/Engine/Load", 10),
        *_phases("h", 363, 1, coding="s16", name="Power", factor=0.1),
        ("h", 369, "s16", "/Ac/Power", 0.1),
    ]
    image = Image()
    image.registers.update(
        {("h", at): 0 for at in (*range(50, 77), *range(78, 90), *range(200, 210), *range(358, 360), *range(363, 375))}
    )
    image.fill(lines, truths)
    image.put("h", 0, "text4", "2.40")
    for at, word in (
        (4, 1224),
        (5, 0),
        (6, 5123),
        (2003, 3),
        (2105, 60),
        (4001, 6),
        (4008, 2),
        (4664, 1),
        (4665, 0),
        (4502, 0),
        (4513, 0),
    ):
        image.put("h", at, "u16", word)
    return image


def datakom(truths: Truths) -> Image:
    """Datakom D-500: power in 100 W, low word first."""
    lines: list[Line] = [
        *_phases("h", 10246, 2, coding="u32sw", name="Voltage", factor=10),
        *_phases("h", 10270, 2, coding="u32sw", name="Current", factor=10),
        *_phases("h", 10286, 2, coding="s32sw", name="Power", factor=0.01),
        ("h", 10294, "s32sw", "/Ac/Power", 0.01),
        ("h", 10339, "u16", "/Ac/Frequency", 100),
        ("h", 10341, "u16", "/StarterVoltage", 100),
        ("h", 10361, "u16", "/Engine/OilPressure", 0.1),
        ("h", 10362, "u16", "/Engine/CoolantTemperature", 10),
        ("h", 10363, "u16", "level", 10),
        ("h", 10364, "u16", "/Engine/OilTemperature", 10),
        ("h", 10376, "u16", "/Engine/Speed", 1),
        ("h", 10616, "u16", "/Engine/Starts", 1),
        ("h", 10622, "u32sw", "/Engine/OperatingHours", 1 / 36),
        ("h", 10628, "u32sw", "/Ac/Energy/Forward", 10),
    ]
    image = Image()
    image.fill(lines, truths)
    for at, word in ((321, 3), (8193, 0), (10604, 11), (10605, 4), (10609, 0xD500), (10611, 0x0612)):
        image.put("h", at, "u16", word)
    for n, word in enumerate((0x1122, 0x3344, 0x5566, 0x7788, 0x99AA, 0xBBCC)):
        image.put("h", 11687 + n, "u16", word)
    return image


def deif(truths: Truths) -> Image:
    """DEIF AGC 150 in metric units, oil pressure on multi-input 20 and a fuel sender on 23."""
    lines: list[Line] = [
        *_phases("i", 504, 1, coding="s16", name="Voltage", factor=1),
        ("i", 507, "s16", "/Ac/Frequency", 100),
        *_phases("i", 513, 1, coding="s16", name="Current", factor=1),
        *_phases("i", 516, 1, coding="s16", name="Power", factor=0.001),
        ("i", 519, "s16", "/Ac/Power", 0.001),
        ("i", 536, "s32", "/Ac/Energy/Forward", 1),
        ("i", 554, "s32", "/Engine/OperatingHours", 1 / 3600),
        ("i", 566, "s16", "/Engine/Starts", 1),
        ("i", 567, "s16", "/StarterVoltage", 10),
        ("i", 583, "s16", "/Engine/OilPressure", 0.1),
        ("i", 586, "s16", "level", 1),
        ("i", 593, "s16", "/Engine/Speed", 1),
        ("i", 594, "s16", "/Engine/CoolantTemperature", 10),
    ]
    image = Image()
    image.registers.update({("i", at): 0 for at in (*range(500, 600), *range(1000, 1020), 1057)})
    image.fill(lines, truths)
    image.put("i", 500, "s16", 120)
    image.put("i", 770, "text6", "AGC150GEN")
    for n, kind in enumerate((4, 0, 0, 6)):
        image.put("i", 776 + n, "u16", kind)
    image.put("i", 1001, "u16", 0x0004)
    image.put("i", 1018, "u16", 1 << 6)
    image.put("i", 1019, "u16", 1 << 3)
    image.put("h", 4797, "u16", 0)
    image.put("h", 5107, "u16", 0)
    image.put("h", 6, "u16", 0)
    return image


def dse(truths: Truths) -> Image:
    """DSE 7320 MkII: alarms on page 154, start and stop on offer."""
    lines: list[Line] = [
        ("h", 1024, "u16", "/Engine/OilPressure", 1),
        ("h", 1025, "s16", "/Engine/CoolantTemperature", 1),
        ("h", 1026, "s16", "/Engine/OilTemperature", 1),
        ("h", 1027, "u16", "level", 1),
        ("h", 1029, "u16", "/StarterVoltage", 10),
        ("h", 1030, "u16", "/Engine/Speed", 1),
        ("h", 1031, "u16", "/Ac/Frequency", 10),
        *_phases("h", 1032, 2, coding="u32", name="Voltage", factor=10),
        *_phases("h", 1044, 2, coding="u32", name="Current", factor=10),
        *_phases("h", 1052, 2, coding="s32", name="Power", factor=1),
        ("h", 1536, "s32", "/Ac/Power", 1),
        ("h", 1558, "s16", "/Engine/Load", 10),
        ("h", 1798, "u32", "/Engine/OperatingHours", 1),
        ("h", 1800, "u32", "/Ac/Energy/Forward", 10),
        ("h", 1808, "u32", "/Engine/Starts", 1),
    ]
    image = Image()
    spans = ((1024, 60), (1536, 30), (1798, 14), (4096, 8), (4104, 8), (39425, 20))
    image.registers.update({("h", at): 0 for first, count in spans for at in range(first, first + count)})
    image.fill(lines, truths)
    for at, word in ((768, 1), (769, 32841), (772, 1), (1408, 3), (4096, 0x4000), (4098, 0xC000), (39426, 0x0200)):
        image.put("h", at, "u16", word)
    image.put("h", 770, "u32", 99887766)
    return image


def growatt(truths: Truths) -> Image:
    """Growatt MIN 4200 TL-X; holding 2 says that power commands are not stored."""
    lines: list[Line] = [
        ("i", 35, "u32", "/Ac/Power", 10),
        ("i", 38, "u16", "/Ac/Voltage", 10),
        ("i", 39, "u16", "/Ac/Current", 10),
        ("i", 55, "u32", "/Ac/Energy/Forward", 10),
        ("i", 93, "u16", "/Internal/InverterTemp", 10),
        ("i", 94, "u16", "/Internal/IPMTemp", 10),
        ("i", 95, "u16", "/Internal/BoostTemp", 10),
    ]
    for string, first in ((0, 3), (1, 7)):
        lines += [
            ("i", first, "u16", f"/Internal/Pv/{string}/V", 10),
            ("i", first + 1, "u16", f"/Internal/Pv/{string}/I", 10),
            ("i", first + 2, "u32", f"/Internal/Pv/{string}/P", 10),
        ]
    image = Image()
    image.registers.update({("i", at): 0 for at in range(125)} | {("h", at): 0 for at in range(225)})
    image.registers.update({("h", at): 0 for at in range(3000, 3010)})
    image.fill(lines, truths)
    image.put("i", 0, "u16", 1)
    for at, word in ((2, 0), (3, 100), (43, 5100), (122, 1), (123, 876), (3000, 876)):
        image.put("h", at, "u16", word)
    image.put("h", 9, "text3", "AL1.0")
    image.put("h", 12, "text2", "V1")
    image.put("h", 209, "text15", "NAA1234567")
    return image


def evcs(truths: Truths) -> Image:
    """Victron EV charging station AC22E while it charges."""
    lines: list[Line] = [
        *_phases("h", 5011, 1, coding="u16", name="Power", factor=1),
        ("h", 5014, "u16", "/Ac/Power", 1),
        ("h", 5023, "u32", "/Ac/Energy/Forward", 100),
    ]
    image = Image(max_count=50)
    image.registers.update({("h", at): 0 for at in range(5000, 5070)})
    image.fill(lines, truths)
    image.put("h", 5000, "u16", 0xC025)
    image.put("h", 5001, "textle6", "HQ2211AAAAA")
    image.put("h", 5007, "u32", 0x000130FF)
    for at, word in ((5009, 1), (5010, 1), (5015, 2), (5016, 16), (5017, 32), (5018, 163), (5062, 6)):
        image.put("h", at, "u16", word)
    image.put("h", 5019, "u32", 3661)
    image.put("h", 5021, "u16", 1234)
    image.put("h", 5027, "textle22", "Garage")
    return image


def sunspec_inverter(truths: Truths, base: int = 40000) -> Image:
    """A SunSpec inverter: models 1, 103, 120 and 123, integers with scale factors."""
    image = Image()
    at = base
    image.put("h", at, "u32", 0x53756E53)
    at = _model(image, at + 2, 1, 66)
    common = base + 2
    image.put("h", common + 2, "text16", "Example AG")
    image.put("h", common + 18, "text16", "Sun 5000")
    image.put("h", common + 42, "text8", "1.2.3")
    image.put("h", common + 50, "text16", "SN0815")
    inverter = at
    at = _model(image, at, 103, 50)
    points = [
        (2, "u16", float(truths["/Ac/Current"]) * 100), (6, "s16", -2),
        (3, "u16", float(truths["/Ac/Current"]) * 100 / 3), (10, "u16", float(truths["/Ac/Voltage"]) * 10),
        (13, "s16", -1), (14, "s16", float(truths["/Ac/Power"]) / 10), (15, "s16", 1), (16, "u16", 5001),
        (17, "s16", -2),        (24, "u32", float(truths["/Ac/Energy/Forward"]) * 10), (26, "s16", 2), (38, "u16", 4),
    ]  # fmt: skip
    for offset, coding, value in points:
        image.put("h", inverter + offset, coding, value)
    nameplate = at
    at = _model(image, at, 120, 26)
    image.put("h", nameplate + 3, "u16", 500)
    image.put("h", nameplate + 4, "s16", 1)
    controls = at
    at = _model(image, at, 123, 24)
    image.put("h", controls + 23, "s16", -2)
    image.put("h", at, "u16", 0xFFFF)
    image.put("h", at + 1, "u16", 0)
    return image


def _model(image: Image, at: int, number: int, length: int) -> int:
    image.put("h", at, "u16", number)
    image.put("h", at + 1, "u16", length)
    image.registers.update({("h", at + 2 + n): 0 for n in range(length)})
    return at + 2 + length
