"""One of the daemon's connections to the bus ends, the bus itself goes on."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.integration.mk2_bridge.stage import eventually, stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]


class Door:
    """A way to the bus on which single connections can be ended. They are kept in the order of their beginning."""

    def __init__(self, bus: str) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self._bus = bus

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        bus_reader, bus_writer = await asyncio.open_unix_connection(self._bus)
        await asyncio.gather(carry(reader, bus_writer), carry(bus_reader, writer))


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def door_to(address: str, socket: Path) -> AsyncIterator[Door]:
    door = Door(address.split("path=")[1].split(",", maxsplit=1)[0])
    server = await asyncio.start_unix_server(door.serve, socket)
    try:
        yield door
    finally:
        server.close()


async def test_service_whose_connection_ends_comes_back_and_the_daemon_goes_on(
    dbus_daemon: DBusDaemon, tmp_path: Path
) -> None:
    async with (
        door_to(dbus_daemon.address, tmp_path / "door") as door,
        stage(dbus_daemon.address, tmp_path, daemon_address=f"unix:path={tmp_path / 'door'}") as found,
    ):
        _, of_service = door.writers
        of_service.transport.abort()
        await eventually(lambda: "connection to D-Bus has ended" in found.log())
        await eventually(lambda: len(door.writers) == 3)
        await found.wait_value("/Connected", 1)
        await found.wait_value("/Dc/0/Voltage")
        await found.accept("/Mode", 1)
        assert found.interface.plant.switch == 1
        assert await found.stop() == 0
        assert "Traceback" not in found.log()
