"""Scanning from the command line: a progress bar, then what was found. Nothing touches D-Bus."""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from typing import TYPE_CHECKING

from modbus_client.network import hosts_to_scan, local_interfaces
from modbus_client.scanner import Scanner

if TYPE_CHECKING:
    from modbus_client.loader.catalogue import Catalogue
    from modbus_client.protocol.spec import DeviceSpec

BAR_WIDTH = 40


def draw_bar(done: int, count: int) -> str:
    """Return a line that shows how far a scan is."""
    filled = BAR_WIDTH * done // max(1, count)
    return f"[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {100 * done // max(1, count):3} %"


def run_scan(network: str, catalogue: Catalogue) -> int:
    """Scan a network, or the local ones when it is empty; print specs as they are found; return the exit code."""
    try:
        named = [str(ipaddress.IPv4Network(network, strict=False))] if network else []
    except ValueError as error:
        sys.stderr.write(f"{error}; expected such as 192.168.1.0/24\n")
        return 2
    return 0 if asyncio.run(_scan(named, catalogue)) else 1


async def _scan(named: list[str], catalogue: Catalogue) -> int:
    def show(done: int, count: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{draw_bar(done, count)}")

    async def keep(spec: DeviceSpec) -> None:
        start = "\r" if sys.stderr.isatty() else ""
        sys.stdout.write(f"{start}{spec}\n")
        sys.stdout.flush()

    hosts = hosts_to_scan([] if named else await local_interfaces(), named)
    count = await Scanner(catalogue, keep, show).scan_network(hosts, set())
    sys.stderr.write(f"\n{len(hosts)} hosts asked, {count} devices found\n")
    return count
