"""venus-daemons metrics: numbers on the D-Bus in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/ ("Text format details")
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from typing import TYPE_CHECKING

from console.bus_view import PREFIX, Row, open_system_bus, read_rows, watch
from velib_async.errors import VelibError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from velib_async.client import Monitor

MAX_REQUEST = 8192  # a scraper's headers are a few hundred bytes
REQUEST_LIMIT_S = 10.0
HEAD = "# HELP venus_dbus_value A number on the D-Bus of Venus OS.\n# TYPE venus_dbus_value gauge\n"


def main(arguments: list[str]) -> int:
    """Print once, or answer requests until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="venus-daemons metrics")
    parser.add_argument("service", nargs="?", default="", help="only services with this in their names")
    parser.add_argument("--listen", metavar="HOST:PORT", type=read_address, help="answer http://HOST:PORT/metrics")
    options = parser.parse_args(arguments)
    try:
        asyncio.run(run(options.service, options.listen))
    except (OSError, TimeoutError, VelibError) as error:
        sys.stderr.write(f"metrics: {str(error) or type(error).__name__}\n")
        return 1
    return 0


def read_address(text: str) -> tuple[str, int]:
    """Return host and port; raises argparse.ArgumentTypeError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:9101")
    return host, int(port)


async def run(wanted: str, address: tuple[str, int] | None) -> None:
    """Print or serve."""
    async with open_system_bus() as bus:
        monitor = await watch(bus, wanted)
        try:
            if address is None:
                sys.stdout.write(render(read_rows(monitor, wanted)))
                return
            server = await asyncio.start_server(
                lambda reader, writer: answer(reader, writer, monitor, wanted), *address, limit=MAX_REQUEST
            )
            port = server.sockets[0].getsockname()[1]
            sys.stdout.write(f"http://{address[0]}:{port}/metrics (Ctrl-C ends it)\n")
            sys.stdout.flush()
            async with server:
                await monitor.wait_lost()
        finally:
            await monitor.close()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, monitor: Monitor, wanted: str) -> None:
    """Answer one request, whatever it asks."""
    try:
        async with asyncio.timeout(REQUEST_LIMIT_S):
            request = await reader.readuntil(b"\r\n\r\n")
            is_known = request.startswith((b"GET /metrics ", b"GET / "))
            body = (render(read_rows(monitor, wanted)) if is_known else "only /metrics\n").encode()
            status = "200 OK" if is_known else "404 Not Found"
            head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # not a scraper, or one that has gone
    finally:
        writer.close()


def render(rows: Sequence[Row]) -> str:
    """Return the numbers among the values."""
    instances = {row.service: row.value for row in rows if row.path == "/DeviceInstance"}
    lines = [
        f'venus_dbus_value{{service="{escape(row.service.removeprefix(PREFIX))}",'
        f'instance="{instances.get(row.service, "")}",path="{escape(row.path)}"}} {row.value}\n'
        for row in rows
        if isinstance(row.value, int | float) and not isinstance(row.value, bool)
    ]
    return HEAD + "".join(lines)


def escape(label: str) -> str:
    """Return a label's value as the format wants it."""
    return re.sub(r'(["\\])', r"\\\1", label).replace("\n", r"\n")
