from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.tai64 import EPOCH, make_readable, split_label

# TZ=UTC tai64nlocal shows it as 2022-03-21 21:14:47.885142500.
LINE = "@400000006238ead134c233e4 INFO:device:hello"


def test_label_is_the_time_that_tai64nlocal_shows() -> None:
    moment, text = split_label(LINE)
    assert moment is not None
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment)) == "2022-03-21 21:14:47"
    assert text == "INFO:device:hello"


@given(st.integers(0, 2**32), st.integers(0, 999_999_999))
def test_label_round_trip(seconds: int, nanoseconds: int) -> None:
    moment, text = split_label(f"@{seconds + EPOCH:016x}{nanoseconds:08x} text")
    assert moment is not None
    assert abs(moment - seconds - nanoseconds / 1e9) < 1e-5
    assert text == "text"


@given(st.text())
def test_any_line_is_readable(line: str) -> None:
    assert isinstance(make_readable(line), str)
    assert isinstance(make_readable("@" + line), str)


@pytest.mark.parametrize("line", ["", "@", "no label", "@4000", "@" + "g" * 24 + " x", "@" + "f" * 24 + " far away"])
def test_line_without_a_label_stays_as_it_is(line: str) -> None:
    assert make_readable(line) == line
