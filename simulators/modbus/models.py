"""The models of simulated devices: tables of physical truths under tables/, one file each, put into registers.

The files are transcribed from the makers' register lists, in a format of their own. They know nothing of the client's
definitions, so that a wrong address there is found here. Numbers may be fractions such as 1/3600; {n} in the name of a
truth stands for the phases 1, 2 and 3. SunSpec models are given as a chain, with offsets from each header.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from simulators.modbus.image import Image, to_words
from simulators.modbus.truths import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulators.modbus.image import Line
    from simulators.modbus.truths import Truths

TABLES = Path(__file__).parent / "tables"
PHASES = (1, 2, 3)
SUNS = 0x53756E53
END = 0xFFFF


@dataclass(frozen=True)
class Model:
    """One file. `truths` returns what a device of this kind measures, `unit` is where it usually is."""

    name: str
    truths: Callable[[], Truths]
    unit: int
    table: dict[str, Any]

    def image(self, truths: Truths | None = None) -> Image:
        """Return the registers of a device that measures `truths`, by default those of its kind."""
        table = self.table
        image = Image(
            coils=dict(table.get("coils", {})),
            identification=dict(table.get("identification", {})),
            vregs={number: bytes.fromhex(text) for number, text in table.get("vregs", {}).items()},
            vreg_at=table.get("vreg_at"),
            max_count=table.get("max_count", 125),
        )
        for kind, first, count in table.get("zeros", ()):
            image.registers.update({(kind, at): 0 for at in range(first, first + count)})
        image.fill(list(_lines(table.get("measured", ()))), self.truths() if truths is None else truths)
        for kind, at, coding, value in table.get("fixed", ()):
            _fix(image, kind, at, coding, value)
        if "chain" in table:
            _link(image, table["chain_at"], table["chain"], self.truths() if truths is None else truths)
        return image


def _lines(rows: list[list[Any]]) -> Iterator[Line]:
    for kind, at, coding, name, factor, *step in rows:
        for number in PHASES if step else PHASES[:1]:
            shift = step[0] * (number - 1) if step else 0
            yield kind, at + shift, coding, name.replace("{n}", str(number)), float(Fraction(factor))


def _fix(image: Image, kind: str, at: int, coding: str, value: Any) -> None:
    """Store one value, or several one behind the other."""
    for each in value if isinstance(value, list) else [value]:
        image.put(kind, at, coding, each)
        at += len(to_words(coding, each))


def _link(image: Image, at: int, chain: list[dict[str, Any]], truths: Truths) -> None:
    """Store SunSpec models one behind the other, between the marker and the end."""
    image.put("h", at, "u32", SUNS)
    at += 2
    for model in chain:
        length = model["length"]
        image.registers.update({("h", at + n): 0 for n in range(length + 2)})
        _fix(image, "h", at, "u16", [model["number"], length])
        rows = [["h", at + offset, *rest] for offset, *rest in model.get("measured", ())]
        image.fill(list(_lines(rows)), truths)
        for offset, coding, value in model.get("fixed", ()):
            _fix(image, "h", at + offset, coding, value)
        at += length + 2
    _fix(image, "h", at, "u16", [END, 0])


@cache
def load_model(name: str) -> Model:
    """Load a model by the name of its file."""
    table = yaml.safe_load((TABLES / f"{name}.yml").read_text())
    return Model(name, KINDS[table["truths"]], table["unit"], table)


def make_image(name: str, truths: Truths | None = None) -> Image:
    """Return the registers of a device of this model."""
    return load_model(name).image(truths)


def model_names() -> list[str]:
    """Return the names of all models."""
    return sorted(path.stem for path in TABLES.glob("*.yml"))
