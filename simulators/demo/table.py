"""The table as lines of text that fit a terminal. Pure."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.demo.board import Row

BOLD: Final = "\x1b[1m"
BRIGHT: Final = "\x1b[7m"
PLAIN: Final = "\x1b[0m"

HEADINGS: Final = ("service", "path", "value", "age")
AGE_WIDTH: Final = 6
PREFIX: Final = "com.victronenergy."
GAP: Final = "  "

_SHARES: Final = (0.42, 0.33, 0.25)
"""Of the width beside the age, when the columns do not fit as they are: service, path, value."""


def render_table(rows: Sequence[Row], width: int, *, colour: bool) -> list[str]:
    """Heading and rows, each at most width columns wide; colour adds ANSI codes for heading and changed values."""
    cells = [
        (clean(row.service.removeprefix(PREFIX)), clean(row.path), clean(row.text), format_age(row.age_s))
        for row in rows
    ]
    widths = _fit_columns([HEADINGS, *cells], width)
    heading = _line(HEADINGS, widths, bright=None)
    lines = [f"{BOLD}{heading}{PLAIN}" if colour else heading]
    for row, cell in zip(rows, cells, strict=True):
        lines.append(_line(cell, widths, bright=row.changed if colour else None))
    return lines


def _line(cells: Sequence[str], widths: Sequence[int], *, bright: bool | None) -> str:
    service, path, value, age = (fit(cell, size) for cell, size in zip(cells, widths, strict=True))
    if bright:
        value = f"{BRIGHT}{value}{PLAIN}"
    return GAP.join((service, path, value, age)).rstrip()


def _fit_columns(cells: Sequence[Sequence[str]], width: int) -> list[int]:
    natural = [max(text_width(row[column]) for row in cells) for column in range(3)]
    room = width - AGE_WIDTH - 3 * len(GAP)
    if sum(natural) > room:
        shares = [max(int(room * share), 1) for share in _SHARES]
        # A column that needs less than its share leaves the rest to the others, widest need first.
        spare = sum(max(share - need, 0) for share, need in zip(shares, natural, strict=True))
        sizes = [min(share, need) for share, need in zip(shares, natural, strict=True)]
        for column in sorted(range(3), key=lambda index: natural[index], reverse=True):
            more = min(spare, natural[column] - sizes[column])
            sizes[column] += more
            spare -= more
        natural = sizes
    return [*natural, AGE_WIDTH]


def clean(text: str) -> str:
    """Text without control characters: a value must not steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def text_width(text: str) -> int:
    """How many columns a terminal uses for clean text."""
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fit(text: str, width: int) -> str:
    """Text cut or padded to exactly width columns; a cut shows as a dot pair at the end."""
    if text_width(text) > width:
        kept = ""
        for character in text:
            if text_width(kept + character) > width - 2:
                break
            kept += character
        text = (kept + "..")[: max(width, 0)]
    return text + " " * (width - text_width(text))


def format_age(age_s: float) -> str:
    """An age in at most AGE_WIDTH characters."""
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60)):
        if age_s >= seconds:
            return f"{min(int(age_s // seconds), 999)} {unit}"
    return f"{age_s:.0f} s"
