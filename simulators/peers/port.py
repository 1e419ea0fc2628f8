"""A TCP port that is promised to a program before it is started."""

from __future__ import annotations

import socket
from typing import Self


class HeldPort:
    """A port of 127.0.0.1 that nobody is given by chance, neither to listen on nor to connect from, until `close()`.

    A server that names it can listen on it if it sets SO_REUSEADDR, as servers do; until then connections are refused.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number = int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Give the port back; may be called twice."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
