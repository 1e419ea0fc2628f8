"""The command line that all daemons share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemonkit.program import Program

CHECK_ALL = ""  # --check without a file
WIDTH = 100  # of the help


def make_parser(program: Program, version: str) -> argparse.ArgumentParser:
    """Return the parser for the common arguments and the program's own."""
    parser = argparse.ArgumentParser(prog=program.name, description=program.summary, formatter_class=_Formatter)
    parser.add_argument("-d", "--debug", action="store_true", help="log everything")
    parser.add_argument(
        "-b",
        "--dbus",
        metavar="ADDRESS",
        default="system",
        help="the D-Bus to use: system (default), session, or an address such as unix:path=/tmp/bus",
    )
    parser.add_argument(
        "--dbus-library", choices=("dbus_fast", "dbus_next"), help="default: dbus_fast when it is there"
    )
    parser.add_argument(
        "--config", metavar="DIR", type=Path, help="directory of the configuration (default /data/conf/venus-daemons)"
    )
    parser.add_argument("--version", action="version", version=f"{program.name} {version}")
    parser.add_argument(
        "--check",
        metavar="FILE",
        nargs="?",
        const=CHECK_ALL,
        help="load the configuration and all definitions, or only FILE, report, and exit: 0 good, 2 bad",
    )
    program.add_arguments(parser)
    return parser


class _Formatter(argparse.HelpFormatter):
    """Does not ask for the terminal's width: argparse makes one for each argument, and would load shutil for that."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=WIDTH)
