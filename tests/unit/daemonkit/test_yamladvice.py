"""With the real parser: its wording is not ours, and may change with its version."""

from __future__ import annotations

import pytest

from daemonkit.errors import DefinitionError
from daemonkit.yamladvice import advise
from daemonkit.yamlfile import loads


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("a:\n\tb: 1\n", r"f:2: indent with blanks, not with tabs \("),
        ("a: @b\n", r"f:1: .*begins with such a character in quotes"),
        ("a: *b\n", r"f:1: .*begins with \* in quotes"),
        ("a\n  b: 1\n", r"f:2: a colon is missing in the line above"),
        ("a: b: c\n", r"f:1: .*this text needs quotes"),
        ("a: 1\nb\nc: 1\n", r"f:\d: a key needs a colon"),
        ("a:\n   b: 1\n  c: 1\n", r"f:3: .*same column"),
        ("a: [1, 2\n", r"f:2: a bracket is not closed"),
        ('a: "b\n', r"f:2: a quote is not closed"),
    ],
)
def test_common_mistakes_say_what_to_do(text: str, advice: str) -> None:
    with pytest.raises(DefinitionError, match=advice):
        loads(text, "f")


def test_other_complaints_stay_as_they_are() -> None:
    assert advise("something else") == "something else"
