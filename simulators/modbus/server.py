"""Simulated devices behind a TCP or UDP port."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Self

from simulators.modbus.rtu import crc16

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.modbus.station import Answering


class TcpMeter:
    """Units behind one TCP port of 127.0.0.1. With `rtu` they speak RTU frames, as a plain serial server passes on."""

    def __init__(self, units: Mapping[int, Answering], port: int = 0, *, rtu: bool = False) -> None:
        self._rtu = rtu
        self.units = units
        self.port = port
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._lost: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; on the same port again after `stop`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection: the cable is pulled."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    def lose_connections(self) -> None:
        """Never answer on the present connections again, and leave them open, like a host that was switched off."""
        self._lost |= self._writers

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        try:
            while True:
                await (self._serve_rtu if self._rtu else self._serve_one)(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            self._lost.discard(writer)
            writer.transport.abort()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(7)
        transaction, _, length, unit = struct.unpack(">HHHB", head)
        pdu = await reader.readexactly(length - 1)
        station = self.units.get(unit)
        reply = await station.reply(pdu) if station and writer not in self._lost else None
        if reply is not None:
            writer.write(struct.pack(">HHHB", transaction, 0, len(reply) + 1, unit) + reply)

    async def _serve_rtu(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read(512)
        if not data:
            raise ConnectionError("closed")
        station = self.units.get(data[0])
        reply = await station.reply(data[1:-2]) if station and crc16(data) == b"\0\0" else None
        if station is not None and reply is not None and writer not in self._lost:
            body = data[:1] + reply
            writer.write(station.spoil(body + crc16(body)))


class UdpMeter(asyncio.DatagramProtocol):
    """Units behind one UDP port."""

    def __init__(self, units: Mapping[int, Answering], port: int = 0, *, host: str = "127.0.0.1") -> None:
        self._host = host
        self.units = units
        self.port = port
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, (self._host, self.port))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._transport is not None:
            self._transport.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Part of asyncio.DatagramProtocol."""
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        station = self.units.get(data[6])
        reply = await station.reply(data[7:]) if station else None
        if reply is not None and self._transport is not None:
            self._transport.sendto(data[:4] + struct.pack(">HB", len(reply) + 1, data[6]) + reply, addr)
