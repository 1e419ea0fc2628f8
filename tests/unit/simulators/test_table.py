"""The table fits the terminal, whatever the values are."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from simulators.demo.board import Row
from simulators.demo.screen import count_lines
from simulators.demo.table import clean, fit, format_age, render_table, text_width

rows = st.lists(
    st.builds(
        Row,
        service=st.text(max_size=80).map("com.victronenergy.".__add__),
        path=st.text(max_size=60),
        text=st.text(max_size=200),
        age_s=st.floats(0, 1e9),
        changed=st.booleans(),
    ),
    max_size=5,
)
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@given(rows=rows, width=st.integers(30, 200), colour=st.booleans())
def test_no_line_is_wider_than_the_terminal(*, rows: list[Row], width: int, colour: bool) -> None:
    lines = render_table(rows, width, colour=colour)
    assert len(lines) == len(rows) + 1
    for line in lines:
        plain = ANSI.sub("", line)
        assert text_width(plain) <= width
        assert plain.isprintable()


def test_columns_are_as_wide_as_they_need_to_be() -> None:
    row = Row("com.victronenergy.tank.a", "/Level", "50 %", 3.0, changed=True)
    assert render_table([row], 80, colour=False) == ["service  path    value  age", "tank.a   /Level  50 %   3 s"]


def test_a_changed_value_is_highlighted_with_colours_only() -> None:
    row = Row("com.victronenergy.tank.a", "/Level", "50", 0.0, changed=True)
    assert "\x1b[7m50" in render_table([row], 80, colour=True)[1]
    assert "\x1b" not in "".join(render_table([row], 80, colour=False))


def test_a_long_value_takes_what_the_other_columns_leave() -> None:
    row = Row("com.victronenergy.tank.a", "/Level", "x" * 100, 0.0, changed=False)
    line = render_table([row], 60, colour=False)[1]
    assert line.startswith("tank.a   /Level  xxxx")
    assert line.count("x") > 25
    assert ".." in line


def test_a_value_cannot_steer_the_terminal() -> None:
    assert clean("\x1b[2Jgone\n") == "?[2Jgone?"


@given(st.text(), st.integers(0, 40))
def test_fit_is_exact(text: str, width: int) -> None:
    assert text_width(fit(clean(text), width)) == width


def test_ages_are_short() -> None:
    ages = [format_age(age) for age in (0.4, 59.4, 60, 3599, 7200, 86400 * 5000)]
    assert ages == ["0 s", "59 s", "1 min", "59 min", "2 h", "999 d"]


def test_wrapped_lines_are_counted() -> None:
    assert count_lines(["", "x" * 10, "x" * 11], 10) == 4
