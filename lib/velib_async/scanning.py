"""Reads a whole service: by GetItems, or the older way for services that do not have it."""

from __future__ import annotations

import asyncio
from typing import Any

from velib_async.bus import BUS_ITEM, CALL_TIMEOUT_S, Bus, Changes
from velib_async.errors import CallError
from velib_async.values import changed_items, from_wire

# Errors by which a service says that it has no GetItems: velib before 2021, localsettings and other programs of old.
_NO_GET_ITEMS = frozenset(
    f"org.freedesktop.DBus.Error.{name}"
    for name in ("UnknownMethod", "UnknownObject", "UnknownInterface", "NotSupported")
)


async def scan(bus: Bus, destination: str, *, timeout_s: float = CALL_TIMEOUT_S) -> Changes:
    """Reads all values and texts of a service.

    Raises:
        CallError: It refuses both ways, or answers with something else than a tree.
        CallTimeout: It does not answer within `timeout_s` seconds.
        BusLost: The connection ended.
    """
    try:
        (items,) = await bus.call(destination, "/", BUS_ITEM, "GetItems", timeout_s=timeout_s)
    except CallError as error:
        if error.name not in _NO_GET_ITEMS:
            raise
        return await _scan_tree(bus, destination, timeout_s)
    return changed_items(_tree(items, destination, "GetItems"))


async def _scan_tree(bus: Bus, destination: str, timeout_s: float) -> Changes:
    (values,), (texts,) = await asyncio.gather(
        bus.call(destination, "/", BUS_ITEM, "GetValue", timeout_s=timeout_s),
        bus.call(destination, "/", BUS_ITEM, "GetText", timeout_s=timeout_s),
    )
    texts = texts if isinstance(texts, dict) else {}
    return {
        f"/{key.lstrip('/')}": (from_wire(value), texts.get(key))
        for key, value in _tree(from_wire(values) or {}, destination, "GetValue").items()
    }


def _tree(found: Any, destination: str, member: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise CallError("com.victronenergy.Error.NoTree", f"{destination}: {member} on / gave {found!r:.80}")
    return found
