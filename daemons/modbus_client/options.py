"""The command line of modbus-client; the letters are those of the stock driver and of its forks."""

from __future__ import annotations

import argparse
from pathlib import Path

from modbus_client.protocol.errors import SpecError
from modbus_client.protocol.spec import DeviceSpec, parse_spec


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the daemon's own arguments."""
    parser.add_argument("-f", "--force-scan", action="store_true", help="scan at start (serial: all 247 units)")
    parser.add_argument(
        "-F",
        "--force-devices",
        metavar="SPEC,SPEC",
        type=_specs,
        default=[],
        help="use these devices, besides the saved",
    )
    parser.add_argument("-m", "--mode", choices=("rtu", "ascii"), default="rtu", help="of the serial lines")
    parser.add_argument(
        "-P", "--probe", metavar="SPEC", type=_spec, action="append", help="identify, print decoded values, and exit"
    )
    parser.add_argument("-r", "--rate", metavar="N", type=int, action="append", default=[], help="serial rate to scan")
    parser.add_argument(
        "-s", "--serial", metavar="TTY", action="append", default=[], help="serve a serial line: ttyUSB0 or a /dev path"
    )
    parser.add_argument(
        "-x", "--exit", action="store_true", help="exit 1 when a scan finds nothing and nothing is saved"
    )
    parser.add_argument("--models", action="store_true", help="print the devices that are known, and exit")
    parser.add_argument(
        "--scan", metavar="NETWORK", nargs="?", const="", help="ask the local network, or e.g. 10.0.0.0/24; print; exit"
    )
    parser.add_argument("--record", metavar="FILE", type=Path, help="write the traffic of all lines to FILE")
    parser.add_argument("--leak", metavar="SECONDS", type=float, help=argparse.SUPPRESS)  # a fork's; there is no leak


def _spec(text: str) -> DeviceSpec:
    try:
        return parse_spec(text)
    except SpecError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _specs(text: str) -> list[DeviceSpec]:
    return [_spec(part) for part in text.split(",") if part.strip()]
