from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from simulators.modbus.models import make_image
from simulators.modbus.server import TcpMeter
from simulators.modbus.station import Station
from tests.integration.modbus_client.installation import PATIENCE_S, Installation
from velib_async.bus import open_bus
from velib_async.service import DoubleItem, IntegerItem, Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from simulators.modbus.image import Image

pytestmark = pytest.mark.peer

GROWATT = "com.victronenergy.pvinverter.pv_NAA1234567"
LIMIT_AT = ("h", 3)


class Grid:
    """A grid meter whose power wavers as a real one's does."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.power_w: float | None = -1000.0

    async def run(self) -> None:
        bus = await open_bus(self.address)
        async with Service(bus, "com.victronenergy.grid.test") as service:
            service.add_item(IntegerItem("/Connected", 1))
            service.add_item(DoubleItem("/Ac/Power"))
            await service.register()
            for beat in range(10_000):
                power = self.power_w
                service.item("/Ac/Power").set_local_value(None if power is None else power + beat % 2)
                await asyncio.sleep(0.3)
        await bus.close()


async def _wait(image: Image, is_right: Callable[[int], bool], gx: Installation) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not is_right(image.registers[LIMIT_AT]):
        assert asyncio.get_running_loop().time() < deadline, f"{image.registers[LIMIT_AT]} %\n{gx.output}"
        await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_export_is_limited_made_safe_and_left_to_another_limiter(tmp_path: Path) -> None:
    image = make_image("growatt")
    async with TcpMeter({1: Station(image)}) as inverter:
        config = f"""
export_limit: {{inverter: pv_NAA1234567, set_point: 0, safe: 840, stale: 4}}
devices: [{{spec: 'tcp:127.0.0.1:{inverter.port}:1'}}]
"""
        async with Installation(tmp_path, config=config) as gx:
            grid = Grid(gx.dbus.address)
            playing = asyncio.create_task(grid.run())
            gx.start()
            # 2345.6 W of sun, 1000 W of it exported: 1345.6 W of 4200 W may be given
            await _wait(image, lambda percent: 30 <= percent <= 33, gx)
            assert await gx.get(GROWATT, "/Ac/PowerLimit") is not None
            grid.power_w = None
            await _wait(image, lambda percent: percent == 20, gx)
            await gx.wait_log("safe value")

            grid.power_w = 1500.0
            await _wait(image, lambda percent: percent > 40, gx)
            hub4_bus = await open_bus(gx.dbus.address)
            async with Service(hub4_bus, "com.victronenergy.hub4.test") as hub4:
                hub4.add_item(IntegerItem("/PvPowerLimiterActive", 1))
                await hub4.register()
                await gx.wait_log("refusing to run")
            await hub4_bus.close()
            assert gx.peer is not None
            await asyncio.to_thread(gx.peer.stop)
            assert image.registers[LIMIT_AT] == 20  # nobody watches the grid any more
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
