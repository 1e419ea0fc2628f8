"""The daemon's own arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add them; each wins over obd-server.yml."""
    parser.add_argument(
        "-p", "--port", metavar="PORT", help="the adapter: a device by its by-id name, or socket://host:port"
    )
    parser.add_argument("--host", metavar="ADDRESS", help="where the page and Socket.IO listen (default 127.0.0.1)")
    parser.add_argument("--listen-port", type=int, metavar="NUMBER", help="and on which port (default 48484)")
