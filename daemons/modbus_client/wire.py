"""Byte streams to devices: TCP, UDP and serial, with one face."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, cast

from daemonkit.errors import LinkLost
from modbus_client import port

if TYPE_CHECKING:
    from collections.abc import Callable

    from modbus_client.protocol.spec import Endpoint

CONNECT_LIMIT_S = 3.0
"""A host that does not answer a SYN within this is not there; the back-off of its devices does the rest."""


class Wire(asyncio.Protocol, asyncio.DatagramProtocol):
    """One connection. `on_data` gets what arrives, `on_lost` is called once when it ends without `close`."""

    def __init__(
        self, on_data: Callable[[bytes], None], on_lost: Callable[[str], None], *, is_datagram: bool = False
    ) -> None:
        self._on_data = on_data
        self._on_lost = on_lost
        self._transport: Any = None
        self._is_datagram = is_datagram

    def connection_made(self, transport: Any) -> None:
        """Part of asyncio.Protocol."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Part of asyncio.Protocol."""
        self._on_data(data)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Part of asyncio.DatagramProtocol; the socket is connected, so it is our peer's."""
        del addr
        self._on_data(data)

    def error_received(self, error: Exception) -> None:
        """Part of asyncio.DatagramProtocol: an ICMP message, such as 'port unreachable'."""
        self._end(str(error))

    def connection_lost(self, error: Exception | None) -> None:
        """Part of asyncio.Protocol."""
        self._end(str(error) if error else "the other side closed the connection")

    def write(self, data: bytes) -> None:
        """Send bytes; on a connection that has ended, nothing happens."""
        if self._transport is None:
            return
        if self._is_datagram:
            self._transport.sendto(data)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """End the connection; `on_lost` is not called."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def peer(self) -> str:
        """Return the address of the other side, empty when it has none."""
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(name[0]) if isinstance(name, tuple) else ""

    def _end(self, why: str) -> None:
        if self._transport is not None:
            self.close()
            self._on_lost(why)


async def open_wire(endpoint: Endpoint, on_data: Callable[[bytes], None], on_lost: Callable[[str], None]) -> Wire:
    """Connect. Raises LinkLost, with the reason."""
    loop = asyncio.get_running_loop()
    wire = Wire(on_data, on_lost, is_datagram=endpoint.method == "udp")
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            if endpoint.is_serial:
                await port.open_port(endpoint, lambda: wire)
            elif endpoint.method == "udp":
                await loop.create_datagram_endpoint(lambda: wire, remote_addr=(endpoint.target, endpoint.number))
            else:
                transport, _ = await loop.create_connection(lambda: wire, endpoint.target, endpoint.number)
                raw = cast("socket.socket", transport.get_extra_info("socket"))
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a request is one small segment
    except TimeoutError:
        raise LinkLost(f"{endpoint}: no connection within {CONNECT_LIMIT_S:.0f} s") from None
    except OSError as error:
        raise LinkLost(f"{endpoint}: {error.strerror or error}") from None
    return wire
