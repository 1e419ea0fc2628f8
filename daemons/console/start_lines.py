"""Read /data/rc.local as bin/install/rc_local.awk does: what it links below /service, and whether it comes to that."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from console.suite import PROGRAM_LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMMANDS = re.compile(r"[;&|(){}]")
_WORDS = re.compile(r"[ \t\"']+")
_BELOW_SERVICE = re.compile(r"/service(?:/([^/]+))?")
_COMMENT = re.compile(r"\s*(: )?#")
_CONTINUED = re.compile(r"(?<!\\)(\\\\)*\\$")
_MAYBE_COMMENT = re.compile(r"(^|[ \t;])#")
_REDIRECTION = re.compile(r"exec[ \t]+[0-9&]*[<>]")
_END = re.compile(r"(^|[;&|(){}]|then|else|do)[ \t]*(exit|exec)([ \t;)}&|#]|$)")


@dataclass(frozen=True, slots=True)
class Link:
    """A command that makes a link below /service."""

    index: int
    """Of its first line, from 0."""
    text: str
    name: str
    target: str


def find_links(lines: list[str]) -> Iterator[Link]:
    """Yield the links that a file makes; comments do not."""
    index = 0
    while index < len(lines):
        first, text = index, lines[index]
        index += 1
        if _COMMENT.match(text):
            continue
        while index < len(lines) and _is_continued(lines[index - 1]) and not lines[index].lstrip().startswith("ln "):
            text = f"{text[:-1]} {lines[index]}"
            index += 1
        if found := _find_link(text):
            yield Link(first, text.strip(), *found)


def find_obstacle(lines: list[str], index: int) -> str | None:
    """Say what may keep a line from being run, None if nothing above it does."""
    for number, line in enumerate(lines[:index], 1):
        if not _COMMENT.match(line) and _END.search(_REDIRECTION.sub("", line)):
            return f"is behind 'exit' in rc.local (line {number}: {line.strip()}): it may never be reached"
    above = "\n".join(lines[:index])
    # After a command that is complete a "fi" is an error; in a here-document, or after a backslash, it is none.
    if find_syntax_error(above) is not None or find_syntax_error(f"{above}\nfi") is None:
        return "is a part of what begins above it in rc.local (a block, quotes, a command): it may never be run"
    return None


def find_syntax_error(text: str) -> str | None:
    """Return what a shell has against a text, None when it can read it."""
    shell = "bash" if "bash" in text.partition("\n")[0] and shutil.which("bash") else "sh"
    done = subprocess.run(  # noqa: S603 (fixed programs)
        [shell, "-n"], input=text.encode(), check=False, capture_output=True, timeout=PROGRAM_LIMIT_S
    )
    return done.stderr.decode(errors="replace").strip() if done.returncode else None


def _is_continued(line: str) -> bool:
    return _CONTINUED.search(line) is not None and _MAYBE_COMMENT.search(line) is None


def _find_link(text: str) -> tuple[str, str] | None:
    for command in _COMMANDS.split(text):
        words = _WORDS.split(command)
        if "ln" not in words:
            continue
        places = [word.rstrip("/") for word in words[words.index("ln") + 1 :] if not word.startswith("-")]
        for target, place in pairwise(places):
            if found := _BELOW_SERVICE.fullmatch(place):
                return found[1] or target.rpartition("/")[2], target
    return None
