"""Tables that fit a terminal of 80 columns, as one has over ssh. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 80
GAP = "  "


def render(rows: Sequence[Sequence[str]], *, width: int = WIDTH, right: frozenset[int] = frozenset()) -> list[str]:
    """Return the rows as lines; the last column takes what is left of the width, and is cut.

    Args:
        rows: the heading first; all of the same length.
        width: of the terminal.
        right: numbers of the columns that are aligned at their right.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    others = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
    widths[-1] = max(8, min(widths[-1], width - others))
    return [
        GAP.join(
            cut(cell, size).rjust(size) if column in right else cut(cell, size).ljust(size)
            for column, (cell, size) in enumerate(zip(row, widths, strict=True))
        ).rstrip()[:width]
        for row in rows
    ]


def cut(text: str, size: int) -> str:
    """Return printable text of at most `size` characters."""
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= size else text[: size - 1] + "~"


def format_duration(seconds: float) -> str:
    """Return "12 s", "5 min", "3 h 20 min", "4 d 2 h"."""
    minutes, hours, days = int(seconds) // 60, int(seconds) // 3600, int(seconds) // 86400
    if minutes < 1:
        return f"{int(seconds)} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"
