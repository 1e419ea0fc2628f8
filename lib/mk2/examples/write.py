"""List and write variables, settings and flags.

    python -m mk2.examples.write -t TTY --list
    python -m mk2.examples.write -t TTY SOC 80
    python -m mk2.examples.write -t TTY absorption_voltage 28.4
    python -m mk2.examples.write -t TTY FLAGS2.PREFER_RENEWABLE on

Settings are written to the device's RAM and last until it restarts; --eeprom writes them for good, and wears.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from mk2.control import Control, Permissions
from mk2.errors import Mk2Error
from mk2.listing import list_settings, list_variables
from mk2.names import find_target
from mk2.opening import open_session
from mk2.writing import write_target


async def run(arguments: argparse.Namespace) -> None:
    """Do what the command line says."""
    async with open_session(arguments.tty) as session:
        if arguments.list:
            async for line in list_variables(session):
                sys.stdout.write(line + "\n")
            async for line in list_settings(session):
                sys.stdout.write(line + "\n")
            return
        control = Control(session, Permissions(settings=True, eeprom=arguments.eeprom, ram_variables=True))
        result = await write_target(control, find_target(arguments.name), arguments.value, persist=arguments.eeprom)
        sys.stdout.write(result + "\n")


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m mk2.examples.write", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-t", "--tty", required=True, help="tty of the MK2 or MK3")
    parser.add_argument("--list", action="store_true", help="show everything that can be named, with its value")
    parser.add_argument("--eeprom", action="store_true", help="write a setting for good")
    parser.add_argument("name", nargs="?", help="variable, setting or flag")
    parser.add_argument("value", nargs="?", help="a number, or on and off for a flag")
    arguments = parser.parse_args()
    if not arguments.list and arguments.value is None:
        parser.error("--list, or a name and a value")
    try:
        asyncio.run(run(arguments))
    except (Mk2Error, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has seen enough: end quietly
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
