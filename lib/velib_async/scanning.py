"""Reads a whole service: by GetItems, or the older way for services that do not have it."""

from __future__ import annotations

from typing import Any

from velib_async.bus_interface import BUS_ITEM, CALL_TIMEOUT_S, Bus, Changes
from velib_async.changes import changed_items
from velib_async.errors import CallError, CallTimeout
from velib_async.values import from_wire

NO_TREE = "com.victronenergy.Error.NoTree"  # our own, for an answer that makes no sense

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
        return changed_items(await _read(bus, destination, "GetItems", timeout_s))
    except CallError as error:
        if error.name not in _NO_GET_ITEMS:
            raise
    values = await _read(bus, destination, "GetValue", timeout_s)
    try:
        texts = await _read(bus, destination, "GetText", timeout_s)
    except CallTimeout:
        raise
    except CallError:
        texts = {}  # it says how it is written only; the values count
    paths = {key: f"/{key.lstrip('/')}" for key in values if isinstance(key, str)}
    return changed_items({paths[key]: {"Value": values[key], "Text": texts.get(key)} for key in paths})


async def _read(bus: Bus, destination: str, member: str, timeout_s: float) -> dict[Any, Any]:
    body = await bus.call(destination, "/", BUS_ITEM, member, timeout_s=timeout_s)
    found = body[0] if len(body) == 1 else body
    if from_wire(found) is None:
        return {}
    if not isinstance(found, dict):
        raise CallError(NO_TREE, f"{destination}: {member} on / gave {found!r:.80}")
    return found
