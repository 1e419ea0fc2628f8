"""A VM-3P75CT at the address that is the argument; the zeroconf library announces it."""

from __future__ import annotations

import asyncio
import socket
import sys

from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from simulators.modbus.models import make_image
from simulators.modbus.server import UdpMeter
from simulators.modbus.station import Station

KIND = "_victron-energy-meter._udp.local."


async def main(address: str) -> None:
    """Serve until the process is ended."""
    async with UdpMeter({1: Station(make_image("vm3p"))}, 502, host=address):
        responder = AsyncZeroconf(interfaces=[address], ip_version=IPVersion.V4Only)
        name, place = f"Energy meter.{KIND}", socket.inet_aton(address)
        info = ServiceInfo(KIND, name, addresses=[place], port=502, server="vm3p.local.")
        await responder.async_register_service(info, strict=False)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
