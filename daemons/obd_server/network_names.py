"""What this machine is called on the network."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - only compared
ALWAYS = ("localhost", "venus.local")
"""A GX answers to venus.local by mDNS whatever its host name is."""


def own_names(allowed: Iterable[str] = ()) -> frozenset[str]:
    """Return the host names that a browser may reach this machine by: its own, and those the user allowed."""
    name = socket.gethostname().lower()
    short = name.split(".")[0]
    return frozenset({*ALWAYS, name, short, f"{short}.local", *(host.lower() for host in allowed)})


def shown_address(host: str, port: int) -> str:
    """Return the address that a person can type, for a server that listens on host."""
    if host in EVERYWHERE:
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
