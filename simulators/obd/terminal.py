"""Pseudo terminals that misbehave as adapters do: silent, garbage, or answering by a script."""

from __future__ import annotations

import contextlib
import os
import random
import select
import threading
import tty
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_S = 0.02
GARBAGE_BYTES = 64


class Terminal:
    """A pseudo terminal whose far side is served by a thread; `port` is what an OBD program opens."""

    def __init__(self) -> None:
        self._near, far = os.openpty()
        tty.setraw(far)
        self._far = far
        self.port = os.ttyname(far)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)

    def received(self, data: bytes) -> bytes:
        """Return what to answer to data; b"" for nothing."""
        del data
        return b""

    def unasked(self) -> bytes:
        """Return what to send without being asked."""
        return b""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        for descriptor in (self._near, self._far):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def unplug(self) -> None:
        """End both sides: the program's next access fails."""
        self._stopping.set()
        self._thread.join()
        os.close(self._near)

    def _run(self) -> None:
        os.set_blocking(self._near, False)
        while not self._stopping.is_set():
            readable, _, _ = select.select([self._near], [], [], TICK_S)
            answer = self.unasked()
            if readable:
                with contextlib.suppress(OSError):
                    answer += self.received(os.read(self._near, 4096))
            with contextlib.suppress(OSError):
                os.write(self._near, answer)


class SilentTerminal(Terminal):
    """Takes everything and never answers."""


class GarbageTerminal(Terminal):
    """Sends noise without end, and no prompt."""

    def unasked(self) -> bytes:
        """Return noise."""
        return random.randbytes(GARBAGE_BYTES).replace(b">", b"?")


class ScriptedTerminal(Terminal):
    """An ELM327 that answers by a function from a request (without CR) to its lines."""

    def __init__(self, answer: Callable[[str], str | None]) -> None:
        super().__init__()
        self.requests: list[str] = []
        self._answer = answer
        self._pending = b""

    def received(self, data: bytes) -> bytes:
        """Answer every complete request; None from the script keeps silent."""
        *lines, self._pending = (self._pending + data).split(b"\r")
        replies = []
        for line in lines:
            request = line.decode("ascii", "replace").replace(" ", "").upper()
            self.requests.append(request)
            reply = self._answer(request)
            if reply is not None:
                replies.append(reply.encode() + b"\r\r>")
        return b"".join(replies)
