"""Simulated devices on a serial line that is a pty, and the frames of such lines."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.modbus.station import Answering

BITS_PER_BYTE = 10  # 8N1


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
