from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obdio.formula import MAX_DEPTH, MAX_LENGTH, Formula, FormulaError


@pytest.mark.parametrize(
    ("text", "data", "value"),
    [
        ("A", [7], 7),
        ("A*256+B", [1, 2], 258),
        ("(A * 256 + B) / 4", [0x1A, 0xF8], 1726),
        ("A - 40", [0], -40),
        ("100 - A - B", [10, 20], 70),
        ("64 / A / 2", [4], 8),
        ("-A + 3", [5], -2),
        ("-(A - 1) * 2", [3], -4),
        ("signed(A * 256 + B, 16) / 10", [0xFF, 0xFE], -0.2),
        ("signed(A, 8)", [0x7F], 127),
        ("0x10 + 1.5", [], 17.5),
        ("AA + AB", list(range(28)), 53),
        ("Z", list(range(26)), 25),
    ],
)
def test_formula_computes(text: str, data: list[int], value: float) -> None:
    assert Formula(text)(data) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a value is missing"),
        ("A +", "a value is missing"),
        ("A B", "unexpected 'B'"),
        ("(A", r"'\)' is missing"),
        ("A)", r"unexpected '\)'"),
        ("* A", r"unexpected '\*'"),
        ("__import__('os')", "unexpected '__import__'"),
        ("A.b", "unexpected '.b'"),
        ("A ** 2", r"unexpected '\*'"),
        ("BA", "is no byte"),
        ("signed(A, 64)", "1 to 32 bits"),
        ("signed(A)", "',' is missing"),
        ("(" * (MAX_DEPTH + 2) + "A", "nested deeper"),
        ("A+" * MAX_LENGTH + "A", "longer than"),
    ],
)
def test_what_is_no_formula_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(FormulaError, match=reason):
        Formula(text)


def test_an_answer_that_is_too_short_is_refused() -> None:
    with pytest.raises(FormulaError, match="needs 2 bytes, the answer has 1"):
        Formula("A + B")([1])


def test_division_by_zero_is_a_formula_error() -> None:
    with pytest.raises(FormulaError, match="divides by zero"):
        Formula("1 / A")([0])


@given(st.text(alphabet="ABZ0123456789.+-*/(), signedx_'\n", max_size=60))
def test_any_text_is_a_formula_or_a_formula_error(text: str) -> None:
    with contextlib.suppress(FormulaError):
        Formula(text)([1] * 60)


_NUMBERS = st.integers(0, 255)


@st.composite
def _expressions(draw: st.DrawFn, depth: int = 0) -> str:
    if depth == 3 or draw(st.booleans()):
        return draw(st.one_of(_NUMBERS.map(str), st.sampled_from("ABCD")))
    left, right = draw(_expressions(depth + 1)), draw(_expressions(depth + 1))
    return f"({left} {draw(st.sampled_from('+-*'))} {right})"


@given(_expressions(), st.lists(_NUMBERS, min_size=4, max_size=4))
def test_values_agree_with_python(text: str, data: list[int]) -> None:
    expected = eval(text, {"__builtins__": {}}, dict(zip("ABCD", data, strict=True)))  # noqa: S307 - made above
    assert Formula(text)(data) == expected
