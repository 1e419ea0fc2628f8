"""An interface behind a pseudo terminal, which other programs open like a tty."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from typing import TYPE_CHECKING, Self

from simulators.multiplus.clocked import ClockedInterface

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.multiplus.interface import Interface

READ_SIZE = 4096
SPEEDS = {termios.B2400: 2400, termios.B115200: 115200}


class PtyPort:
    """Offers an interface on a pty. Use as `async with`.

    Args:
        interface: what is behind it.
        link: a symbolic link to make, so that the name stays the same after a replug.

    Attributes:
        tty: path to open.
    """

    def __init__(self, interface: Interface, *, link: Path | None = None) -> None:
        self.interface = interface
        self.tty = ""
        self._link = link
        self._master = -1
        self._slave = -1
        self._clocked: ClockedInterface | None = None

    async def __aenter__(self) -> Self:
        self.plug()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.unplug()

    def plug(self) -> None:
        """Make the tty appear."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.tty = os.ttyname(self._slave)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self.tty)
            self.tty = str(self._link)
        self._clocked = ClockedInterface(self.interface, self._write)
        asyncio.get_running_loop().add_reader(self._master, self._read)
        self._clocked.run()

    def unplug(self) -> None:
        """Make the tty go away; who has it open reads the end of the file."""
        if self._master < 0:
            return
        asyncio.get_running_loop().remove_reader(self._master)
        if self._clocked is not None:
            self._clocked.stop()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def _same_speed(self) -> bool:
        speed = termios.tcgetattr(self._master)[5]
        return SPEEDS.get(speed, self.interface.baudrate) == self.interface.baudrate

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            data = os.read(self._master, READ_SIZE)
            if self._clocked is not None and self._same_speed():
                self._clocked.feed(data)

    def _write(self, data: bytes) -> None:
        if not self._same_speed():
            data = bytes(byte ^ 0xA5 for byte in data)  # what a receiver at the wrong speed makes of it
        with contextlib.suppress(BlockingIOError):  # nobody reads: the kernel drops what does not fit
            os.write(self._master, data)
