"""What spy and metrics see of the D-Bus."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from velib_async.bus import Bus, open_bus
from velib_async.client import Monitor, Service
from velib_async.errors import CallError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

PREFIX = "com.victronenergy."
CONNECT_LIMIT_S = 10.0
DAEMON = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


@asynccontextmanager
async def open_system_bus() -> AsyncIterator[Bus]:
    """Open the bus of the GX.

    Raises:
        OSError, VelibError, TimeoutError: there is none.
    """
    async with asyncio.timeout(CONNECT_LIMIT_S):
        bus = await open_bus("system")
    try:
        yield bus
    finally:
        await bus.close()


async def list_names(bus: Bus) -> list[str]:
    """Return all names on the bus, those of connections (":1.5") among them."""
    (names,) = await bus.call(*DAEMON, "ListNames")
    return sorted(names)


async def find_pid(bus: Bus, name: str) -> int | None:
    """Return the process that owns a name."""
    try:
        (pid,) = await bus.call(*DAEMON, "GetConnectionUnixProcessID", "s", [name])
    except CallError:
        return None
    return int(pid)


@dataclass(frozen=True, slots=True)
class Row:
    """One path of one service."""

    service: str
    path: str
    value: Any
    text: str


async def watch(bus: Bus, wanted: str = "") -> Monitor:
    """Return a monitor of the types of which there is a service with `wanted` in its name now."""
    names = [name for name in await list_names(bus) if name.startswith(PREFIX) and wanted in name]
    handlers: Mapping[str, type[Service]] = dict.fromkeys((".".join(name.split(".")[:3]) for name in names), Service)
    return await Monitor.create(bus, handlers=handlers)


def read_rows(monitor: Monitor, wanted: str = "") -> list[Row]:
    """Return what is known now, sorted."""
    return [
        Row(service.name, path, item.value, str(item.text or ""))
        for service in sorted(monitor.services, key=lambda service: service.name)
        if wanted in service.name
        for path, item in sorted(service.values.items())
    ]
