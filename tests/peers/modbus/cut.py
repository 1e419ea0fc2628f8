"""A D-Bus address whose connections can be cut one by one."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 65536


class CuttableBus:
    """Passes bytes between clients and a bus. Use it as an async context."""

    def __init__(self, bus_address: str, path: Path) -> None:
        self._bus_path = bus_address.partition("unix:path=")[2].partition(",")[0]
        self._path = path
        self._pairs: list[list[asyncio.StreamWriter]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"unix:path={self._path}"

    @property
    def count(self) -> int:
        """How many connections there have been."""
        return len(self._pairs)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for number in range(self.count):
            self.cut(number)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, number: int) -> None:
        """End a connection; they are numbered as they came."""
        for writer in self._pairs[number]:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bus_reader, bus_writer = await asyncio.open_unix_connection(self._bus_path)
        self._pairs.append([writer, bus_writer])
        for source, sink in ((reader, bus_writer), (bus_reader, writer)):
            task = asyncio.create_task(_pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(CHUNK):
            sink.write(data)
    sink.transport.abort()
