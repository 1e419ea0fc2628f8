"""venus-daemons spy: the D-Bus as a table."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from typing import TYPE_CHECKING

from console.bus_view import PREFIX, Row, open_system_bus, read_rows, watch
from console.table import WIDTH, render
from velib_async.errors import VelibError

if TYPE_CHECKING:
    from collections.abc import Sequence

PERIOD_S = 1.0
HOME_AND_CLEAR = "\x1b[H\x1b[J"
OVERVIEW = ("/DeviceInstance", "/Connected", "/CustomName", "/ProductName")


def main(arguments: list[str]) -> int:
    """Show an overview of all services, or all values of those that are named."""
    parser = argparse.ArgumentParser(prog="venus-daemons spy")
    parser.add_argument(
        "service", nargs="?", default="", help="part of a name: tank, mqtt_boat, settings; default: all"
    )
    parser.add_argument("--once", action="store_true", help="print once and end, as when the output is no terminal")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(show(options.service, is_live=sys.stdout.isatty() and not options.once))
    except (OSError, TimeoutError, VelibError) as error:
        sys.stderr.write(f"no D-Bus: {str(error) or type(error).__name__}\n")
        return 1
    return 0


async def show(wanted: str, *, is_live: bool) -> None:
    """Print, once or until the bus ends."""
    async with open_system_bus() as bus:
        monitor = await watch(bus, wanted)
        try:
            while True:
                lines = make_lines(read_rows(monitor, wanted), wanted)
                if not is_live:
                    sys.stdout.write("\n".join(lines) + "\n")
                    return
                size = shutil.get_terminal_size((WIDTH, 24))
                sys.stdout.write(HOME_AND_CLEAR + "\n".join(lines[: size.lines - 1]))
                sys.stdout.flush()
                await asyncio.sleep(PERIOD_S)
        finally:
            await monitor.close()


def make_lines(rows: Sequence[Row], wanted: str) -> list[str]:
    """Return the table: paths and texts of what was asked for, else a line for each service."""
    if not rows:
        return [f"no service of Venus with {wanted!r} in its name" if wanted else "no service of Venus on this bus"]
    if wanted:
        cells = [(row.service.removeprefix(PREFIX), row.path, format_value(row)) for row in rows]
        return render([("SERVICE", "PATH", "VALUE"), *cells])
    services: dict[str, dict[str, Row]] = {}
    for row in rows:
        services.setdefault(row.service, {})[row.path] = row
    table = [("SERVICE", "INSTANCE", "CONN", "NAME")]
    for name, paths in services.items():
        instance, connected, custom, product = (format_value(paths[p]) if p in paths else "" for p in OVERVIEW)
        table.append((name.removeprefix(PREFIX), instance, connected, custom or product))
    return render(table, right=frozenset({1, 2}))


def format_value(row: Row) -> str:
    """Return what people see, "" for unknown."""
    return "" if row.value is None else row.text or str(row.value)
