"""venus-daemons logs."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

from console.suite import Suite
from console.tai64 import make_readable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

POLL_S = 0.5
LINES = 50


def main(arguments: list[str]) -> int:
    """Print the end of a log, and with -f what comes."""
    suite = Suite()
    parser = argparse.ArgumentParser(prog="venus-daemons logs")
    parser.add_argument("name", choices=suite.daemons(), metavar="NAME", help=", ".join(suite.daemons()))
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what comes, until Ctrl-C")
    parser.add_argument("-n", "--lines", type=int, default=LINES, help=f"how many (default {LINES})")
    options = parser.parse_args(arguments)
    file = suite.paths.log / options.name / "current"
    if not file.exists():
        sys.stderr.write(f"there is no {file}: {options.name} has never run\n")
        return 1
    lines = suite.log_lines(options.name)
    for line in lines[-options.lines :] if options.lines > 0 else []:
        sys.stdout.write(make_readable(line) + "\n")
    if options.follow:
        for line in follow(file):
            sys.stdout.write(make_readable(line) + "\n")
            sys.stdout.flush()
    return 0


def follow(path: Path) -> Generator[str]:
    """Yield lines as they are added, also over multilog's renaming of the full file."""
    rest = ""
    start = os.SEEK_END
    while True:
        with path.open(errors="replace") as file:
            file.seek(0, start)
            start = os.SEEK_SET
            for chunk in read_on(file, path):
                rest += chunk
                if rest.endswith("\n"):
                    yield rest.rstrip("\n")
                    rest = ""


def read_on(file: TextIO, path: Path) -> Iterator[str]:
    """Yield what is in a file, and what is added, until `path` is the name of another one."""
    is_complete = False
    while True:
        chunk = file.readline()
        if chunk:
            yield chunk
        elif is_complete:
            return
        elif is_replaced(path, file.fileno()):
            is_complete = True  # and is read once more: it may have grown between the last reading and the renaming
        else:
            time.sleep(POLL_S)


def is_replaced(path: Path, descriptor: int) -> bool:
    """Say whether the name stands for another file than the open one, to which multilog adds no more."""
    try:
        return path.stat().st_ino != os.fstat(descriptor).st_ino
    except FileNotFoundError:  # between two steps of multilog
        return False
