"""Simulated devices behind a TCP or UDP port, or on a serial line that is a pty."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import struct
import termios
import tty
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from simulators.modbus.pdu import answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.modbus.image import Image

BITS_PER_BYTE = 10  # 8N1


@dataclass
class Behaviour:
    """How a simulated device answers, and when it does not."""

    latency_s: float = 0.0
    is_asleep: bool = False
    loss: float = 0.0  # share of requests without an answer
    damage: float = 0.0  # share of answers with a wrong byte
    seed: int = 1
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)


@dataclass
class Station:
    """One unit: its registers and its manners."""

    image: Image
    behaviour: Behaviour = field(default_factory=Behaviour)
    requests: int = 0

    async def reply(self, pdu: bytes) -> bytes | None:
        """Return the answer after the latency; None when there is none."""
        self.requests += 1
        if self.behaviour.latency_s:
            await asyncio.sleep(self.behaviour.latency_s)
        if self.behaviour.is_asleep or self.behaviour.random.random() < self.behaviour.loss:
            return None
        return answer(pdu, self.image)

    def spoil(self, frame: bytes) -> bytes:
        """Return the frame, sometimes with one wrong bit."""
        if self.behaviour.random.random() >= self.behaviour.damage:
            return frame
        place = self.behaviour.random.randrange(len(frame))
        return frame[:place] + bytes([frame[place] ^ 0x40]) + frame[place + 1 :]


class Answering(Protocol):
    """A unit: a simulated station, or a recorded one."""

    async def reply(self, pdu: bytes) -> bytes | None:
        """Return the answer to a request; None when there is none."""

    def spoil(self, frame: bytes) -> bytes:
        """Return a frame as it arrives."""


class TcpMeter:
    """Units behind one TCP port of 127.0.0.1. With `rtu` they speak RTU frames, as a plain serial server passes on."""

    def __init__(self, units: Mapping[int, Answering], port: int = 0, *, rtu: bool = False) -> None:
        self._rtu = rtu
        self.units = units
        self.port = port
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

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
            writer.transport.abort()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(7)
        transaction, _, length, unit = struct.unpack(">HHHB", head)
        pdu = await reader.readexactly(length - 1)
        station = self.units.get(unit)
        reply = await station.reply(pdu) if station else None
        if reply is not None:
            writer.write(struct.pack(">HHHB", transaction, 0, len(reply) + 1, unit) + reply)

    async def _serve_rtu(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.read(512)
        if not data:
            raise ConnectionError("closed")
        station = self.units.get(data[0])
        reply = await station.reply(data[1:-2]) if station and crc16(data) == b"\0\0" else None
        if station is not None and reply is not None:
            body = data[:1] + reply
            writer.write(station.spoil(body + crc16(body)))


class UdpMeter(asyncio.DatagramProtocol):
    """Units behind one UDP port of 127.0.0.1."""

    def __init__(self, units: Mapping[int, Answering], port: int = 0) -> None:
        self.units = units
        self.port = port
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", self.port))
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


class RtuMeter:
    """Units on a serial line: a pty whose bytes take as long as they would at `rate` baud."""

    def __init__(self, units: Mapping[int, Answering], rate: int = 9600) -> None:
        self.units = units
        self.path = ""
        self.wire_s = 0.0  # for how long bytes were under way, both directions
        self._byte_s = BITS_PER_BYTE / rate
        self._master = -1
        self._slave = -1
        self._buffer = b""
        self._task: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave, termios.TCSANOW)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._master, self._receive)
        self._task = loop.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        os.close(self._master)
        os.close(self._slave)

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            self._buffer += os.read(self._master, 1024)
            self._arrived.set()

    async def _serve(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while (frame := self._next_frame()) is not None:
                await self._on_frame(frame)

    def _next_frame(self) -> bytes | None:
        """Cut the first request off the buffer; bytes that begin none are dropped one by one."""
        while len(self._buffer) >= 4:  # noqa: PLR2004 - unit, function, checksum
            size = _request_size(self._buffer)
            if size is not None and len(self._buffer) < size:
                return None
            if size is not None and crc16(self._buffer[:size]) == b"\0\0":
                frame, self._buffer = self._buffer[:size], self._buffer[size:]
                return frame
            self._buffer = self._buffer[1:]
        return None

    async def _on_frame(self, frame: bytes) -> None:
        await self._travel(len(frame))
        station = self.units.get(frame[0])
        reply = await station.reply(frame[1:-2]) if station else None
        if station is None or reply is None:
            return
        body = frame[:1] + reply
        await self._travel(len(body) + 2)
        os.write(self._master, station.spoil(body + crc16(body)))

    async def _travel(self, count: int) -> None:
        self.wire_s += count * self._byte_s
        await asyncio.sleep(count * self._byte_s)


def _request_size(data: bytes) -> int | None:
    """Return the length of the request that data begins with, None when it cannot be told."""
    function = data[1]
    if function in {16, 23}:
        at = 6 if function == 16 else 10  # noqa: PLR2004 - where the byte count is
        return at + 3 + data[at] if len(data) > at else len(data) + 1
    if function == 43:  # noqa: PLR2004 - encapsulated interface
        return 7
    return 8 if function in {1, 2, 3, 4, 5, 6, 8} else None


def crc16(data: bytes) -> bytes:
    """Return the checksum of a frame, low byte first; of a frame with its checksum it is two zeros."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return bytes([crc & 0xFF, crc >> 8])
