"""The command line of the simulated GX."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the arguments: dbus, mqtt_host, mqtt_port (None: no gateway), portal_id, settings (None: memory only)."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.gx", description="A simulated GX: settings, system and MQTT gateway."
    )
    system_bus = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    parser.add_argument(
        "--dbus",
        metavar="ADDRESS",
        default=system_bus,
        required=system_bus is None,
        help="bus to live on (default: DBUS_SYSTEM_BUS_ADDRESS; never the machine's own unless you say so)",
    )
    parser.add_argument("--mqtt-host", default="127.0.0.1", metavar="HOST")
    parser.add_argument("--mqtt-port", type=int, metavar="PORT", help="broker of the gateway (default: no gateway)")
    parser.add_argument("--portal-id", type=_portal_id, default="c0619ab00000", help="12 hex digits")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="where settings stay (default: in memory)")
    return parser.parse_args(arguments)


def _portal_id(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a portal id: 12 hex digits")
    return text
