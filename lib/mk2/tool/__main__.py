"""`python -m mk2.tool COMMAND`: look at a VE.Bus system, and change it, without D-Bus."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from mk2.errors import Mk2Error
from mk2.tool import commands


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="venus-daemons mk2", description=__doc__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, summary: str, *, needs_tty: bool = True) -> argparse.ArgumentParser:
        function = getattr(commands, "put" if name == "set" else name)
        sub = subparsers.add_parser(name, help=summary, description=summary)
        sub.set_defaults(function=function)
        if needs_tty:
            sub.add_argument("-t", "--tty", required=True, help="tty of the MK2 or MK3")
        return sub

    add("monitor", "live table").add_argument("--once", action="store_true", help="one table, then end")
    add("get", "read variables, settings, flags").add_argument("names", nargs="+", metavar="NAME")
    put = add("set", "write one: settings to RAM, unless --eeprom")
    put.add_argument("--eeprom", action="store_true", help="write for good; wears")
    put.add_argument("name", metavar="NAME")
    put.add_argument("value", metavar="VALUE")
    dump = add("dump", "all variables and settings with scales and limits")
    dump.add_argument("--all", action="store_true", help="try every setting up to 191")
    for name, summary, seconds in (
        ("record", "record what passes the line to FILE", 30.0),
        ("report", "diagnostics in one FILE", 20.0),
    ):
        sub = add(name, summary)
        sub.add_argument("--seconds", type=float, default=seconds)
        sub.add_argument("file", metavar="FILE")
    add("replay", "print what a recorded FILE means", needs_tty=False).add_argument("file", metavar="FILE")
    return parser


def main() -> int:
    """Return the exit code."""
    arguments = make_parser().parse_args()
    try:
        asyncio.run(arguments.function(arguments))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has seen enough: end quietly
    except (Mk2Error, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
