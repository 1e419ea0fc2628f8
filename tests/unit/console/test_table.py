from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.table import cut, format_duration, render

CELLS = st.lists(st.tuples(st.text(max_size=20), st.text(max_size=15), st.text(max_size=200)), min_size=1, max_size=5)


def test_columns_are_aligned_and_the_last_is_cut() -> None:
    rows = [("NAME", "N", "TEXT"), ("a", "10", "x" * 30), ("bcd", "9", "")]
    assert render(rows, width=20, right=frozenset({1})) == ["NAME   N  TEXT", "a     10  xxxxxxxxx~", "bcd    9"]


@given(CELLS)
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, ...]]) -> None:
    assert all(len(line) <= 80 and line.isprintable() for line in render(rows))


@given(st.text(), st.integers(1, 50))
def test_cut_text_fits_and_is_printable(text: str, size: int) -> None:
    assert len(cut(text, size)) <= size
    assert cut(text, size).isprintable()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 0 min"), (90000, "1 d 1 h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
