"""The portal id of this GX, which is part of all gateway topics."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from typing import TYPE_CHECKING

from velib_async.bus import BUS_ITEM
from velib_async.errors import CallError

if TYPE_CHECKING:
    from pathlib import Path

    from velib_async.bus import Bus, Signal

SYSTEM_SERVICE = "com.victronenergy.system"
_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_MATCH = (
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    f"member='NameOwnerChanged',arg0='{SYSTEM_SERVICE}'"
)
# systemcalc claims its name before it knows its serial number; asked again now and then, besides when its name appears.
_ASK_AGAIN_S = 10.0
# A MAC address in hex on a GX; other builds of Venus use other ids, none of them with MQTT's special characters.
_PORTAL_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

_log = logging.getLogger(__name__)


async def find_portal_id(bus: Bus, file: Path) -> str:
    """Return /Serial of the system service; else the content of `file` (unique-id); else wait for the service.

    Raises:
        BusLost: the connection ended.
    """
    appeared = asyncio.Event()

    def on_signal(signal: Signal) -> None:
        if signal.member == "NameOwnerChanged" and signal.body[0] == SYSTEM_SERVICE:
            appeared.set()

    bus.add_signal_handler(on_signal)
    try:
        await bus.call(*_BUS, "AddMatch", "s", (_MATCH,))
        is_said = False
        while True:
            appeared.clear()
            portal_id = await _ask_system(bus) or await asyncio.to_thread(_read_file, file)
            if portal_id:
                return portal_id
            if not is_said:
                _log.info("waiting for the portal id: %s is not there, nor is %s", SYSTEM_SERVICE, file)
                is_said = True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ASK_AGAIN_S):
                    await appeared.wait()
    finally:
        bus.remove_signal_handler(on_signal)


async def _ask_system(bus: Bus) -> str | None:
    try:
        (serial,) = await bus.call(SYSTEM_SERVICE, "/Serial", BUS_ITEM, "GetValue")
    except CallError:
        return None
    return serial if isinstance(serial, str) and _PORTAL_ID.fullmatch(serial) else None


def _read_file(file: Path) -> str | None:
    try:
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text if _PORTAL_ID.fullmatch(text) else None
