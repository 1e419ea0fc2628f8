"""What a daemon loses: one of its bus connections, a host that is switched off."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from modbus_client.connection import Line
from modbus_client.protocol.request import Failure, Read, Reply
from modbus_client.protocol.spec import parse_spec
from simulators.modbus.deadport import DeadPort
from simulators.modbus.models import make_image
from simulators.modbus.server import TcpMeter
from simulators.modbus.station import Station
from tests.integration.modbus_client.installation import Installation
from tests.peers.modbus.cut import CuttableBus

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.peer

EM24 = "com.victronenergy.grid.cg_BY1234500"


async def test_a_service_that_loses_its_connection_is_created_again_and_the_others_stay(tmp_path: Path) -> None:
    async with (
        TcpMeter({1: Station(make_image("em24"))}) as meter,
        Installation(tmp_path, "-F", f"tcp:127.0.0.1:{meter.port}:1") as gx,
        CuttableBus(gx.dbus.address, tmp_path / "bus") as between,
    ):
        gx.address = between.address
        gx.start()
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        scans = "com.victronenergy.modbusclient.tcp"
        owner = await gx.bus.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner", "s", [scans])
        before = between.count
        between.cut(before - 1)  # the device's: it came last
        await gx.wait_log("creating the service again")
        await gx.wait_value(EM24, "/Ac/Power", 1234.0)
        await gx.wait_for(EM24, "/Connected", lambda value: value == 1)
        assert between.count == before + 1
        again = await gx.bus.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner", "s", [scans])
        assert again == owner
        assert gx.peer is not None
        assert gx.peer.process is not None
        assert gx.peer.process.poll() is None


async def test_on_a_serial_line_a_unit_is_asked_anew_when_its_late_answer_cannot_come_any_more() -> None:
    station, patience_s = Station(make_image("em24")), 0.5
    station.behaviour.is_asleep = True
    async with TcpMeter({1: station}, rtu=True) as meter:
        with contextlib.closing(Line(parse_spec(f"rtutcp:127.0.0.1:{meter.port}:1").endpoint())) as line:
            clock = asyncio.get_running_loop().time
            began = clock()
            assert isinstance(await line.ask(1, Read("holding", 0, 2), patience_s), Failure)
            assert isinstance(await line.ask(2, Read("holding", 0, 2), 0.01), Failure)  # another unit need not wait
            assert isinstance(await line.ask(1, Read("holding", 0, 2), patience_s), Failure)
            station.behaviour.is_asleep = False
            assert isinstance(await line.ask(1, Read("holding", 0, 2), 20.0), Reply)
            assert clock() - began >= 4 * patience_s


async def test_a_host_that_drops_every_packet_delays_nobody(tmp_path: Path) -> None:
    station = Station(make_image("em24"))
    with DeadPort() as dead:
        async with TcpMeter({1: station}) as meter:
            config = f"""
devices:
  - {{spec: 'tcp:127.0.0.1:{dead.port}:1'}}
  - {{spec: 'tcp:127.0.0.1:{meter.port}:1', fast_age: 0.1, age: 0.1}}
"""
            async with Installation(tmp_path, config=config) as gx:
                gx.start()
                await gx.wait_value(EM24, "/Ac/Power", 1234.0)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(asyncio.open_connection("127.0.0.1", dead.port), 0.5)
                asked = station.requests  # ten more would take 30 s if each waited for one attempt to connect
                async with asyncio.timeout(20.0):
                    await gx.wait_until(lambda: station.requests >= asked + 10, "ten more requests")
                assert await gx.get(EM24, "/Connected") == 1
