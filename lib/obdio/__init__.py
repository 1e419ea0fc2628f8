"""The vehicle on Socket.IO: python-OBD's functions as events, its types as JSON.

This module can be given to python-socketio as its json module: create_server(json=obdio).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obdio.encoding import OBDEncoder, dump, dumps, load, loads, plain
from obdio.errors import LinkLost, NotConnected, ObdError, Refused, UnknownCommand, WrongArgument

if TYPE_CHECKING:
    from obdio.server import OBDio

__all__ = [
    "LinkLost",
    "NotConnected",
    "OBDEncoder",
    "OBDio",
    "ObdError",
    "Refused",
    "UnknownCommand",
    "WrongArgument",
    "dump",
    "dumps",
    "load",
    "loads",
    "plain",
]


def __getattr__(name: str) -> Any:
    """Import the server when it is first asked for: encoding alone needs no python-socketio."""
    if name == "OBDio":
        from obdio.server import OBDio  # noqa: PLC0415 - the point of this function

        return OBDio
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
