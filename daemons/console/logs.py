"""venus-daemons logs."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from console.suite import Suite
from console.tai64 import make_readable

if TYPE_CHECKING:
    from collections.abc import Iterator
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


def follow(path: Path) -> Iterator[str]:
    """Yield lines as they are added, also over multilog's renaming of the full file."""
    file = path.open(errors="replace")
    file.seek(0, 2)
    rest = ""
    while True:
        chunk = file.readline()
        if chunk.endswith("\n"):
            yield rest + chunk.rstrip("\n")
            rest = ""
        elif chunk:
            rest += chunk
        elif is_replaced(path, file.fileno()):
            file.close()
            file = path.open(errors="replace")
        else:
            time.sleep(POLL_S)


def is_replaced(path: Path, descriptor: int) -> bool:
    """Say whether the name stands for another file than the open one, which has been read to its end."""
    import os  # noqa: PLC0415 (only -f needs it)

    try:
        return path.stat().st_ino != os.fstat(descriptor).st_ino
    except FileNotFoundError:  # between two steps of multilog
        return False
