from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mqtt_devices.portal import SYSTEM_SERVICE, find_portal_id
from velib_async.errors import BusLost
from velib_async.memory import MemoryHub
from velib_async.service import Service, TextItem

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 30.0


async def start_system(hub: MemoryHub, serial: str | None) -> Service:
    system = Service(hub.connect(), SYSTEM_SERVICE)
    system.add_item(TextItem("/Serial", serial))
    await system.register()
    return system


async def test_portal_id_is_the_serial_of_the_system_service(tmp_path: Path) -> None:
    hub = MemoryHub()
    file = tmp_path / "unique-id"
    await asyncio.to_thread(file.write_text, "fromfile")
    async with await start_system(hub, "c0619ab00000"):
        assert await find_portal_id(hub.connect(), file) == "c0619ab00000"


@pytest.mark.parametrize("serial", [None, "", "a/b", "a+b"])
async def test_portal_id_comes_from_the_file_otherwise(tmp_path: Path, serial: str | None) -> None:
    hub = MemoryHub()
    file = tmp_path / "unique-id"
    await asyncio.to_thread(file.write_text, "fromfile\n")
    async with await start_system(hub, serial):
        assert await find_portal_id(hub.connect(), file) == "fromfile"


async def test_portal_id_is_waited_for(tmp_path: Path) -> None:
    hub = MemoryHub()
    finding = asyncio.create_task(find_portal_id(hub.connect(), tmp_path / "none"))
    await asyncio.sleep(0.05)
    assert not finding.done()
    async with await start_system(hub, "c0619ab00000"), asyncio.timeout(LIMIT_S):
        assert await finding == "c0619ab00000"


async def test_unreadable_file_is_no_portal_id(tmp_path: Path) -> None:
    hub = MemoryHub()
    file = tmp_path / "unique-id"
    await asyncio.to_thread(file.write_bytes, b"\xff\xfe")
    finding = asyncio.create_task(find_portal_id(hub.connect(), file))
    await asyncio.sleep(0.05)
    hub.stop()
    finding.cancel()
    with pytest.raises((BusLost, asyncio.CancelledError)):
        await finding
