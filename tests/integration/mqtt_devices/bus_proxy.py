"""Stands between a program and its bus, so that a test can cut a single connection."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class BusProxy:
    """Passes everything on; `cut` ends the connection that claimed a name. Linux: the bus sees this process's user."""

    def __init__(self, bus_address: str, directory: Path) -> None:
        self._bus_path = bus_address.split("path=", 1)[1].split(",", 1)[0]
        self._path = directory / "proxy"
        self.address = f"unix:path={self._path}"
        self._connections: list[tuple[bytearray, asyncio.StreamWriter]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, name: str) -> int:
        """End the connections on which `name` was claimed; returns how many."""
        found = [writer for sent, writer in self._connections if name.encode() in sent and not writer.is_closing()]
        for writer in found:
            writer.transport.abort()
        return len(found)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bus_reader, bus_writer = await asyncio.open_unix_connection(self._bus_path)
        sent = bytearray()
        self._connections.append((sent, writer))
        for source, target, kept in ((reader, bus_writer, sent), (bus_reader, writer, None)):
            task = asyncio.create_task(_pass_on(source, target, kept))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter, kept: bytearray | None) -> None:
    try:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if kept is not None:
                    kept += data
                target.write(data)
                await target.drain()
    finally:
        target.close()
