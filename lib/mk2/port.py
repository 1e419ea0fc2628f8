"""The tty: the only file that knows pyserial.

The port is locked for this process. Two programs that read one interface each get half of every frame, and two that
write to it can switch an inverter off between them.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import termios
from typing import TYPE_CHECKING, cast

import serial
import serial_asyncio  # type: ignore[import-untyped]  # has no types

from mk2.errors import LinkLost, PortBusy
from mk2.line import SLOW_BAUD

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_UNCLAIMED = 4096
"""Bytes kept between opening and `SerialLine.start`; an interface talks once a second, so this is minutes."""


class SerialLine(asyncio.Protocol):
    """A tty as a `mk2.line.Line`; made by `open_port`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._transport: serial_asyncio.SerialTransport | None = None
        self._on_data: Callable[[bytes], None] | None = None
        self._on_lost: Callable[[], None] | None = None
        self._unclaimed = bytearray()
        self._ended = asyncio.Event()

    @property
    def name(self) -> str:
        """Path of the tty."""
        return self._name

    @property
    def baudrate(self) -> int:
        """Bits per second; 2400 once the line has ended."""
        return SLOW_BAUD if self._transport is None else int(self._transport.serial.baudrate)

    def set_baudrate(self, baudrate: int) -> None:
        """Change the speed at once.

        Raises:
            LinkLost: the tty is gone.
        """
        if self._transport is None or self._ended.is_set():
            raise LinkLost(f"{self._name}: the serial line has ended")
        try:
            self._transport.serial.baudrate = baudrate
        except (OSError, termios.error) as error:  # SerialException is an OSError
            raise LinkLost(f"{self._name}: cannot change the speed: {error}") from error

    def start(self, on_data: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        """Say who takes the bytes and who hears of the end. What came before is handed over at once."""
        self._on_data, self._on_lost = on_data, on_lost
        if self._unclaimed:
            on_data(bytes(self._unclaimed))
            self._unclaimed.clear()
        if self._ended.is_set():
            on_lost()

    def write(self, data: bytes) -> None:
        """Queue bytes for sending."""
        if self._transport is not None and not self._ended.is_set():
            self._transport.write(data)

    async def close(self) -> None:
        """Close the tty. What the kernel has not sent yet is dropped, else a dead tty would hold us for 30 s."""
        if self._transport is not None and not self._ended.is_set():
            self._on_lost = None
            with contextlib.suppress(OSError, termios.error):
                self._transport.serial.reset_output_buffer()
            self._transport.abort()
            await self._ended.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio tells that the tty is open."""
        self._transport = cast("serial_asyncio.SerialTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Asyncio hands over bytes."""
        if self._on_data is not None:
            self._on_data(data)
        elif len(self._unclaimed) < MAX_UNCLAIMED:
            self._unclaimed += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Asyncio tells that the tty is gone."""
        if not self._ended.is_set():
            self._ended.set()
            if self._on_lost is not None:
                self._on_lost()


async def open_port(tty: str, *, baudrate: int = SLOW_BAUD) -> SerialLine:
    """Open and lock a tty: 8N1, no flow control.

    Raises:
        PortBusy: another process has it.
        LinkLost: it is not there, or cannot be opened.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, line = await serial_asyncio.create_serial_connection(
            loop,
            lambda: SerialLine(tty),
            tty,
            baudrate=baudrate,
            exclusive=True,
        )
        # The lock binds only those who ask for it; this keeps all others but root out as well.
        fcntl.ioctl(transport.serial.fileno(), termios.TIOCEXCL)
        await asyncio.sleep(0)  # the transport introduces itself to the line in the next turn of the loop
    except (OSError, termios.error) as error:  # SerialException is an OSError
        raise _explain(tty, error) from error
    return cast("SerialLine", line)


def _explain(tty: str, error: Exception) -> PortBusy | LinkLost:
    if isinstance(error, serial.SerialException) and isinstance(error.__context__, BlockingIOError):
        return PortBusy(f"{tty}: another program has locked it; stop that first (on a GX: mk2-dbus, see docs)")
    if isinstance(error, OSError) and "lock" in str(error).lower():
        return PortBusy(f"{tty}: another program has locked it; stop that first (on a GX: mk2-dbus, see docs)")
    return LinkLost(f"{tty}: {error}")
