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
LEFT_OUT = ("lo", "ap0")
"""The machine itself, and the access point of a GX: no meters there."""
TTL = 255
"""RFC 6762, 11."""

_log = logging.getLogger(__name__)


class Discovery(asyncio.DatagramProtocol):
    """Asks the network for kinds of service; `found` gets each announcement, also repeated ones."""

    def __init__(
        self,
        kinds: list[str],
        found: Callable[[Announcement], None],
        *,
        group: str = GROUP,
        port: int = PORT,
        interfaces: Callable[[], list[int]] | None = None,
    ) -> None:
        self._kinds = kinds
        self._found = found
        self._interfaces = interfaces or list_interfaces
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
                self._ask(self._transport)
            count += 1
            await asyncio.sleep(FAST_S if count < FAST_QUERIES else SLOW_S)

    def _ask(self, transport: Any) -> None:
        """Ask on every interface that there is now: one may have come since, another one gone."""
        endpoint, group = transport.get_extra_info("socket"), socket.inet_aton(self._place[0])
        for index in self._interfaces():
            place = struct.pack("4s4si", group, bytes(4), index)
            with contextlib.suppress(OSError):  # it is a member there already, or the interface knows no multicast
                endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, place)
            with contextlib.suppress(OSError):
                endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, place)
                transport.sendto(make_query(self._kinds), self._place)

    def close(self) -> None:
        """Stop listening."""
        if self._transport is not None:
            self._transport.close()

    async def _open(self) -> None:
        try:
            endpoint = _make_socket(self._place[1])
        except OSError as error:
            _log.debug("multicast DNS is not possible now: %s", error)
            return
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=endpoint)


def list_interfaces() -> list[int]:
    """Return the numbers of the network interfaces where devices may be."""
    return [index for index, name in socket.if_nameindex() if name not in LEFT_OUT]


def _make_socket(port: int) -> socket.socket:
    """Return a socket on the port that avahi and the stock driver listen on, too."""
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        endpoint.setblocking(False)
        endpoint.bind(("", port))
        endpoint.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, TTL)
    except OSError:
        endpoint.close()
        raise
    return endpoint
