"""A TCP port that never answers a SYN."""

from __future__ import annotations

import contextlib
import socket
from typing import Self


class DeadPort:
    """A port of 127.0.0.1 that drops every SYN, as an address without a host does: its queue is full."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port: int = self._listener.getsockname()[1]
        self._fillers = [socket.socket() for _ in range(4)]

    def __enter__(self) -> Self:
        for filler in self._fillers:
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(("127.0.0.1", self.port))
        return self

    def __exit__(self, *_: object) -> None:
        for each in [*self._fillers, self._listener]:
            each.close()
