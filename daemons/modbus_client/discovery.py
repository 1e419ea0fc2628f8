"""Finding devices that announce themselves by multicast DNS."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.mdns import GROUP, PORT, make_query, parse_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from modbus_client.protocol.mdns import Announcement

FAST_S = 6.0
SLOW_S = 60.0
FAST_QUERIES = 10
"""In the first minute a device that has just been plugged in is found soon."""

_log = logging.getLogger(__name__)


class Discovery(asyncio.DatagramProtocol):
    """Asks the network for kinds of service; `found` gets each announcement, also repeated ones."""

    def __init__(
        self, kinds: list[str], found: Callable[[Announcement], None], *, group: str = GROUP, port: int = PORT
    ) -> None:
        self._kinds = kinds
        self._found = found
        self._place = (group, port)
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Part of asyncio.DatagramProtocol."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Part of asyncio.DatagramProtocol."""
        del addr
        for announcement in parse_answer(data, self._kinds):
            self._found(announcement)

    def error_received(self, error: Exception) -> None:
        """Part of asyncio.DatagramProtocol: the network is down, say; the next question may pass."""
        _log.debug("multicast DNS: %s", error)

    async def run(self) -> None:
        """Ask until cancelled. Without a network it waits for one."""
        count = 0
        while True:
            if self._transport is None or self._transport.is_closing():
                await self._open()
            if self._transport is not None:
                with contextlib.suppress(OSError):
                    self._transport.sendto(make_query(self._kinds), self._place)
            count += 1
            await asyncio.sleep(FAST_S if count < FAST_QUERIES else SLOW_S)

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()

    async def _open(self) -> None:
        try:
            endpoint = _make_socket(*self._place)
        except OSError as error:
            _log.debug("multicast DNS is not possible now: %s", error)
            return
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=endpoint)


def _make_socket(group: str, port: int) -> socket.socket:
    """Return a socket on the port that avahi and the stock driver listen on, too."""
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        endpoint.setblocking(False)
        endpoint.bind(("", port))
        membership = struct.pack("4s4s", socket.inet_aton(group), bytes(4))  # on the default interface
        endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    except OSError:
        endpoint.close()
        raise
    return endpoint
