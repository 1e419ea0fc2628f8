"""Devices that announce themselves: real multicast, the zeroconf library answering, over loopback and over a wire."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from zeroconf import IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from modbus_client.discovery import Discovery
from modbus_client.protocol.mdns import Announcement
from tests.integration.modbus_client.installation import PATIENCE_S, Installation
from tests.peers.missing_stdlib import REPOSITORY
from tests.peers.process import MissingProgramError, Peer, find_program

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.peer

METER = "_victron-energy-meter._udp"
CLIENT = "com.victronenergy.modbusclient.tcp"
IDENT = "ve_HQ2345ABCDE"
GX_ADDRESS, METER_ADDRESS = "10.77.0.1", "10.77.0.2"


async def test_a_real_responder_is_heard_over_multicast() -> None:
    """Over the loopback interface; a name of our own, as others may use the port at the same time."""
    name, heard = f"VM-3P {os.getpid()}", asyncio.Event()
    places: list[Announcement] = []

    def hear(announcement: Announcement) -> None:
        if announcement.name == name:
            places.append(announcement)
            heard.set()

    kind = f"{METER}.local."
    info = ServiceInfo(kind, f"{name}.{kind}", addresses=[socket.inet_aton("127.0.0.1")], port=5020, server="vm.local.")
    responder = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    discovery = Discovery([METER], hear, interfaces=lambda: [socket.if_nametoindex("lo")])
    try:
        await (await responder.async_register_service(info, strict=False))  # the name is longer than RFC 6763 allows
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            task = group.create_task(discovery.run())
            await heard.wait()
            task.cancel()
    finally:
        discovery.close()
        await responder.async_close()
    assert places[0] == Announcement(METER, name, "127.0.0.1", 5020)


@pytest.fixture
def wire() -> Iterator[tuple[str, str]]:
    """Two network namespaces, the GX's and the meter's, with a virtual wire between them; their process ids."""
    find_program("ip")
    allowed = subprocess.run([find_program("unshare"), "--net", "true"], capture_output=True, text=True, check=False)
    if allowed.returncode:
        raise MissingProgramError(f"unshare --net is refused here (run as root): {allowed.stderr.strip()}")
    holders = [subprocess.Popen(["unshare", "--net", "sleep", "600"]) for _ in range(2)]
    try:
        gx, meter = (_inside(holder.pid) for holder in holders)
        _do(gx, "ip", "link", "add", "gx0", "type", "veth", "peer", "name", "meter0", "netns", meter)
        for inside, name, address in ((gx, "gx0", GX_ADDRESS), (meter, "meter0", METER_ADDRESS)):
            _do(inside, "ip", "link", "set", "lo", "up")
            _do(inside, "ip", "address", "add", f"{address}/24", "dev", name)
            _do(inside, "ip", "link", "set", name, "up")
        yield gx, meter
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()


def _inside(pid: int) -> str:
    """Wait until a process is in its own namespace."""
    deadline = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return str(pid)


def _do(inside: str, *command: str) -> None:
    subprocess.run(["nsenter", "-t", inside, "-n", *command], check=True, capture_output=True, timeout=PATIENCE_S)


async def test_a_meter_on_the_network_is_listed_and_served(tmp_path: Path, wire: tuple[str, str]) -> None:
    gx_side, meter_side = wire
    command = ["nsenter", "-t", meter_side, "-n", sys.executable, "-m", "tests.peers.modbus.announced_meter"]
    meter = Peer("meter", [*command, METER_ADDRESS], env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    prefix = ["nsenter", "-t", gx_side, "-n"]
    async with Installation(tmp_path, config="discovery: true", prefix=prefix) as gx:
        await asyncio.to_thread(meter.start)
        try:
            gx.start()
            await gx.wait_for(CLIENT, f"/Devices/{IDENT}/Enabled", lambda value: value == 0)
            assert await gx.get(CLIENT, f"/Devices/{IDENT}/Name") == "Energy meter"
            assert await gx.set(CLIENT, f"/Devices/{IDENT}/Enabled", 1) == 0
            service = f"com.victronenergy.grid.{IDENT}"
            await gx.wait_value(service, "/Ac/Power", 1234.0, 0.6)
            assert await gx.get(service, "/Mgmt/Connection") == f"Modbus UDP {METER_ADDRESS}"
        finally:
            await asyncio.to_thread(meter.close)
