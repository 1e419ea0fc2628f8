from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from velib_async import _connect
from velib_async.bus import Library, as_bus, load_library, open_bus
from velib_async.errors import BusLost, VelibError
from velib_async.memory import MemoryHub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIBRARIES: list[Library] = ["dbus_fast", "dbus_next"]


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "bus"))
        listener.listen()
        yield listener


def address_of(listener: socket.socket) -> str:
    return f"unix:path={listener.getsockname()}"


async def test_bus_is_taken_as_it_is() -> None:
    bus = MemoryHub().connect()
    assert as_bus(bus) is bus


async def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="no MessageBus of dbus_fast or dbus_next"):
        as_bus(object())


@pytest.mark.parametrize("library", LIBRARIES)
async def test_bus_that_is_not_there_is_lost(library: Library, tmp_path: Path) -> None:
    with pytest.raises(BusLost, match="cannot connect"):
        await open_bus(f"unix:path={tmp_path}/nothing", library=library)
    with pytest.raises(BusLost, match="cannot connect"):
        await open_bus("nonsense", library=library)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("where", [None, "system", "session"])
async def test_addresses_come_from_the_environment(
    library: Library, where: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("SYSTEM", "SESSION"):
        monkeypatch.setenv(f"DBUS_{kind}_BUS_ADDRESS", f"unix:path={tmp_path}/{kind}")
    with pytest.raises(BusLost, match=f"D-Bus at {where or 'system'}: cannot connect"):
        await open_bus(where, library=library)


@pytest.mark.unguarded
@pytest.mark.parametrize("library", LIBRARIES)
async def test_bus_that_hangs_up_during_the_handshake_is_lost(library: Library, listener: socket.socket) -> None:
    async def hang_up() -> None:
        connection, _ = await asyncio.to_thread(listener.accept)
        connection.close()

    accepting = asyncio.create_task(hang_up())
    async with asyncio.timeout(20):
        with pytest.raises(BusLost):
            await open_bus(address_of(listener), library=library)
    await accepting


@pytest.mark.parametrize("library", LIBRARIES)
async def test_bus_that_says_nothing_is_lost(
    library: Library, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connect, "CONNECT_TIMEOUT_S", 0.1)
    with pytest.raises(BusLost, match="no answer within"):
        await open_bus(address_of(listener), library=library)


@pytest.mark.parametrize("library", LIBRARIES)
async def test_message_bus_must_be_connected(library: Library, listener: socket.socket) -> None:
    module: Any = sys.modules.get(f"{library}.aio") or pytest.importorskip(f"{library}.aio")
    bus = module.MessageBus(bus_address=address_of(listener))
    with pytest.raises(VelibError, match="connect"):
        as_bus(bus)
    if bus._sock is not None:
        bus._stream.close()
        bus._sock.close()


async def test_other_library_is_used_when_the_first_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dbus_fast", None)
    assert _connect.find_library() == "dbus_next"
    assert load_library() == "dbus_next"
    monkeypatch.setitem(sys.modules, "dbus_next", None)
    with pytest.raises(VelibError, match="no D-Bus library is installed"):
        _connect.find_library()
