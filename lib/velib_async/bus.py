"""The way to a bus: open a connection, or take one that the caller has made."""

from __future__ import annotations

from typing import Any, cast

from velib_async.bus_interface import (
    BUS_ITEM,
    CALL_TIMEOUT_S,
    INTROSPECTABLE,
    INVALID_ARGS,
    LIMITS_EXCEEDED,
    NO_REPLY,
    PEER,
    UNKNOWN_METHOD,
    UNKNOWN_OBJECT,
    Bus,
    CallHandler,
    Changes,
    ChangesHandler,
    IncomingCall,
    Library,
    Published,
    Signal,
    SignalHandler,
)

__all__ = [
    "BUS_ITEM",
    "CALL_TIMEOUT_S",
    "INTROSPECTABLE",
    "INVALID_ARGS",
    "LIMITS_EXCEEDED",
    "NO_REPLY",
    "PEER",
    "UNKNOWN_METHOD",
    "UNKNOWN_OBJECT",
    "Bus",
    "CallHandler",
    "Changes",
    "ChangesHandler",
    "IncomingCall",
    "Library",
    "Published",
    "Signal",
    "SignalHandler",
    "as_bus",
    "load_library",
    "open_bus",
]


def as_bus(bus: Any) -> Bus:
    """Returns the Bus on a connected MessageBus of dbus_fast or dbus_next; a Bus is returned as it is.

    Raises:
        TypeError: It is neither.
        VelibError: The MessageBus is not connected.
    """
    if hasattr(bus, "send_items_changed"):
        return cast("Bus", bus)
    # Here, so that a program pays only for the D-Bus library that it uses; one on MemoryBus needs none.
    from velib_async import _dbus  # noqa: PLC0415

    return _dbus.adapt(bus)


async def open_bus(address: str | None = None, *, library: Library | None = None) -> Bus:
    """Opens a connection.

    Args:
        address: "system" (the default), "session", or a D-Bus address such as ``unix:path=/run/x``.
        library: Which D-Bus library to use; dbus_fast when it is installed, else dbus_next.

    Raises:
        BusLost: There is no bus, or it refuses us.
        VelibError: No D-Bus library is installed.
    """
    from velib_async import _connect  # noqa: PLC0415 - as in as_bus

    return await _connect.connect(address, library)


def load_library(library: Library | None = None) -> Library:
    """Imports what `open_bus` imports, for a program that checks whether it is complete; returns the library's name.

    Raises:
        VelibError: No D-Bus library is installed.
    """
    from velib_async import _connect  # noqa: PLC0415 - as in as_bus

    return _connect.load_library(library)
