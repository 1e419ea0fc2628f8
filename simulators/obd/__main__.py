"""A vehicle with a WiFi adapter: python -m simulators.obd --port 35000 [--scenario engineoff]."""

from __future__ import annotations

import argparse
import os

from simulators.obd.vehicle import emulator_command


def main() -> None:
    """Become the emulator: whoever ends this process ends it."""
    parser = argparse.ArgumentParser(prog="simulators.obd", description="An emulated vehicle behind an ELM327 on TCP.")
    parser.add_argument("--port", type=int, default=35000, help="TCP port of 127.0.0.1 (default 35000)")
    parser.add_argument("--scenario", default="car", help="car (default), engineoff, default, mt05")
    options = parser.parse_args()
    command = emulator_command("-b", "-", "-n", str(options.port), "-s", options.scenario)
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.execv(command[0], command)  # noqa: S606


main()
