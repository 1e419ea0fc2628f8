"""What the YAML parser complains of, in the words of somebody who edits a configuration by hand. Pure."""

from __future__ import annotations

# Part of PyYAML's message -> what to do about it. The first that fits counts.
_ADVICE = (
    ("character '\\t'", "indent with blanks, not with tabs"),
    ("cannot start any token", "put text that begins with such a character in quotes"),
    ("undefined alias", "put text that begins with * in quotes"),
    ("mapping values are not allowed", "a colon is missing in the line above, or this text needs quotes"),
    ("could not find expected ':'", "a key needs a colon and a blank behind it"),
    ("expected <block end>", "begin the keys that belong together in the same column"),
    ("expected ',' or", "a bracket is not closed, or a comma is missing"),
    ("end of stream", "a quote is not closed"),
)


def advise(problem: str) -> str:
    """Return PyYAML's message with what to do in front of it, where that is known."""
    advice = next((advice for part, advice in _ADVICE if part in problem), None)
    return problem if advice is None else f"{advice} ({problem})"
