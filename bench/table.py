"""Puts the figures into a table: the best of the repeats, the median, and the ratio to the reference."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

REFERENCE = "dbus-python"
WANTED = {  # of pure dbus-fast, which is what a GX runs: at most this many times the reference
    "provider, batches of 50": 1.1,
    "consumer, batches of 50": 0.8,
}
WANTED_BYTES = {"bytes per item": 1536}


def render(results: Mapping[str, Mapping[str, Sequence[float]]], names: Sequence[str]) -> str:
    """Return the table as text that is also Markdown."""
    rows = [["", *names], ["---", *("---:" for _ in names)]]
    for measurement, figures in results.items():
        reference = figures.get(REFERENCE)
        rows.append([measurement, *(_cell(figures.get(name), reference, name) for name in names)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join([*(f"| {line} |" for line in lines), "", *_verdicts(results)])


def ratio(figures: Sequence[float], reference: Sequence[float]) -> float:
    """Return the ratio of the best figures: other load on the machine only ever adds to them."""
    return min(figures) / min(reference)


def median_ratio(figures: Sequence[float], reference: Sequence[float]) -> float:
    """Return the ratio of the medians: what a machine that does other things, too, comes to."""
    return statistics.median(figures) / statistics.median(reference)


def _cell(figures: Sequence[float] | None, reference: Sequence[float] | None, name: str) -> str:
    if not figures:
        return "-"
    best, median = min(figures), statistics.median(figures)
    digits = 1 if best < 100 else 0  # noqa: PLR2004 - three digits are enough
    text = f"{best:.{digits}f}" if len(figures) == 1 else f"{best:.{digits}f} ({median:.{digits}f})"
    return text if name == REFERENCE or not reference else f"{text} = {ratio(figures, reference):.2f}x"


def _verdicts(results: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[str]:
    yield "Microseconds of CPU of the one process, per changed item or per call: best of the repeats (median)."
    yield "x: times dbus-python in the same run."
    for measurement, limit in WANTED.items():
        figures = results.get(measurement, {})
        pure, reference = figures.get("dbus-fast pure"), figures.get(REFERENCE)
        if pure and reference:
            best, median = ratio(pure, reference), median_ratio(pure, reference)
            reached = f"{best:.2f}x on pure dbus-fast ({median:.2f}x by the medians)"
            yield f"{measurement}: {reached}, wanted {limit:.2f}x: {_word(best <= limit)}"
    for measurement, most in WANTED_BYTES.items():
        for name, figures_of in results.get(measurement, {}).items():
            yield f"{measurement}: {max(figures_of):.0f} on {name}, wanted {most}: {_word(max(figures_of) <= most)}"


def _word(is_reached: bool) -> str:  # noqa: FBT001 - a yes or no
    return "reached" if is_reached else "NOT reached"
