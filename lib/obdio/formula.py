"""Arithmetic over the bytes of an answer, for PIDs that users define. A parser of its own: never eval.

Grammar: sum = product (("+" | "-") product)* ; product = factor (("*" | "/") factor)* ;
factor = "-" factor | number | byte | "signed(" sum "," bits ")" | "(" sum ")" ; byte = A to Z, then AA to AD.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MAX_LENGTH = 200
"""Characters of a formula: the longest one published for a vehicle has some 80."""
MAX_DEPTH = 20
"""Nested parentheses; also bounds the recursion."""
MAX_BITS = 32

_TOKEN = re.compile(r"\s*(?:(0x[0-9A-Fa-f]+|\d+(?:\.\d+)?)|(signed)|([A-Z]{1,2})(?![A-Za-z])|([-+*/(),]))")
_Compute = Callable[[Sequence[int]], float]


class FormulaError(ValueError):
    """The text is no formula, or does not fit the answer."""


def _byte_index(name: str) -> int:
    if len(name) == 1:
        return ord(name) - ord("A")
    if name[0] != "A":
        raise FormulaError(f"{name!r} is no byte of an answer: they are A to Z, then AA, AB, AC ...")
    return 26 + ord(name[1]) - ord("A")


def _tokens(text: str) -> list[str]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise FormulaError(f"unexpected {text[at:].strip()[:10]!r} at character {at + 1} of {text!r}")
        tokens.append(match.group().strip())
        at = match.end()
    return tokens


class Formula:
    """A parsed formula. Raises FormulaError when text is none."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise FormulaError(f"longer than {MAX_LENGTH} characters")
        self.text = text
        self.needs = 0
        """How many value bytes the formula uses."""
        self._left = _tokens(text)[::-1]
        self._compute = self._sum(0)
        if self._left:
            raise FormulaError(f"unexpected {self._left[-1]!r} in {text!r}")

    def __call__(self, data: Sequence[int]) -> float:
        """Return the value for the answer's value bytes; raises FormulaError when they are too few, or divided by 0."""
        if len(data) < self.needs:
            raise FormulaError(f"{self.text!r} needs {self.needs} bytes, the answer has {len(data)}")
        try:
            return self._compute(data)
        except ZeroDivisionError:
            raise FormulaError(f"{self.text!r} divides by zero for {bytes(data).hex(' ')}") from None

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    def _take(self, *wanted: str) -> str | None:
        return self._left.pop() if self._left and self._left[-1] in wanted else None

    def _expect(self, wanted: str) -> None:
        if self._take(wanted) is None:
            raise FormulaError(f"{wanted!r} is missing in {self.text!r}")

    def _sum(self, depth: int) -> _Compute:
        left = self._product(depth)
        while sign := self._take("+", "-"):
            left = _add(left, self._product(depth)) if sign == "+" else _subtract(left, self._product(depth))
        return left

    def _product(self, depth: int) -> _Compute:
        left = self._factor(depth)
        while sign := self._take("*", "/"):
            left = _multiply(left, self._factor(depth)) if sign == "*" else _divide(left, self._factor(depth))
        return left

    def _factor(self, depth: int) -> _Compute:
        if depth > MAX_DEPTH:
            raise FormulaError(f"nested deeper than {MAX_DEPTH}")
        if self._take("-"):
            return _negate(self._factor(depth + 1))
        if self._take("("):
            inner = self._sum(depth + 1)
            self._expect(")")
            return inner
        if self._take("signed"):
            return self._signed(depth)
        return self._operand()

    def _signed(self, depth: int) -> _Compute:
        self._expect("(")
        inner = self._sum(depth + 1)
        self._expect(",")
        bits = self._left.pop() if self._left else ""
        if not bits.isdecimal() or not 1 <= int(bits) <= MAX_BITS:
            raise FormulaError(f"signed(value, bits) needs 1 to {MAX_BITS} bits in {self.text!r}")
        self._expect(")")
        return _sign(inner, int(bits))

    def _operand(self) -> _Compute:
        if not self._left:
            raise FormulaError(f"a value is missing at the end of {self.text!r}")
        token = self._left.pop()
        if token[0].isdigit():
            return _constant(float(int(token, 16)) if token.startswith("0x") else float(token))
        if not token.isalpha():
            raise FormulaError(f"unexpected {token!r} in {self.text!r}")
        index = _byte_index(token)
        self.needs = max(self.needs, index + 1)
        return _byte(index)


def _constant(value: float) -> _Compute:
    return lambda _: value


def _byte(index: int) -> _Compute:
    return lambda data: data[index]


def _negate(inner: _Compute) -> _Compute:
    return lambda data: -inner(data)


def _add(left: _Compute, right: _Compute) -> _Compute:
    return lambda data: left(data) + right(data)


def _subtract(left: _Compute, right: _Compute) -> _Compute:
    return lambda data: left(data) - right(data)


def _multiply(left: _Compute, right: _Compute) -> _Compute:
    return lambda data: left(data) * right(data)


def _divide(left: _Compute, right: _Compute) -> _Compute:
    return lambda data: left(data) / right(data)


def _sign(inner: _Compute, bits: int) -> _Compute:
    def compute(data: Sequence[int]) -> float:
        value = inner(data)
        return value - 2**bits if value >= 2 ** (bits - 1) else value

    return compute
