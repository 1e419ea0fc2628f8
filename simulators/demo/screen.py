"""The terminal: a picture that is drawn over itself, or plain lines when nobody looks."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Final, Self

from simulators.demo.table import text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAIN_WIDTH: Final = 132
"""Where there is no terminal to ask."""

_CLEAR: Final = "\x1b[2J"
_HOME: Final = "\x1b[H"
_TO_LINE_END: Final = "\x1b[K"
_TO_SCREEN_END: Final = "\x1b[J"
_HIDE_CURSOR: Final = "\x1b[?25l"
_SHOW_CURSOR: Final = "\x1b[?25h"


class Screen:
    """Standard output as a context manager, which gives the cursor back at the end."""

    def __init__(self) -> None:
        self.is_terminal: Final = sys.stdout.isatty()

    def __enter__(self) -> Self:
        if self.is_terminal:
            self._write(_CLEAR + _HIDE_CURSOR)
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.is_terminal:
            self._write(_SHOW_CURSOR)

    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        size = shutil.get_terminal_size((PLAIN_WIDTH, 0))
        return size.columns, size.lines

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines: in place of the last ones, or below them where there is no terminal."""
        if self.is_terminal:
            self._write(_HOME + "".join(f"{line}{_TO_LINE_END}\n" for line in lines) + _TO_SCREEN_END)
        else:
            self._write("".join(f"{line}\n" for line in [*lines, ""]))

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def count_lines(lines: Sequence[str], width: int) -> int:
    """How many lines of a terminal these take, long ones wrapped."""
    return sum(max(-(-text_width(line) // max(width, 1)), 1) for line in lines)
