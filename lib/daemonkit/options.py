"""The command line that all daemons share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemonkit.program import Program

CHECK_ALL = ""  # --check without a file


def make_parser(program: Program, version: str) -> argparse.ArgumentParser:
    """Return the parser for the common arguments and the program's own."""
    parser = argparse.ArgumentParser(prog=program.name, description=program.summary)
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
