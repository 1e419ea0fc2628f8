from __future__ import annotations

import asyncio
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from simulators.modbus.models import make_image
from simulators.modbus.server import TcpMeter
from simulators.modbus.station import Station
from tests.integration.modbus_client.installation import PATIENCE_S, Installation
from velib_async.bus import open_bus
from velib_async.service import DoubleItem, IntegerItem, Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from simulators.modbus.image import Image

pytestmark = pytest.mark.peer

GROWATT = "com.victronenergy.pvinverter.pv_NAA1234567"
LIMIT_AT = ("h", 3)
SAFE = 20  # percent of 4200 W


class _Scene(NamedTuple):
    gx: Installation
    image: Image
    station: Station
    grid: Grid


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


@asynccontextmanager
async def _limited(
    directory: Path, *, grid_w: float | None = -1000.0, more: str = "", device: str = ""
) -> AsyncIterator[_Scene]:
    """An installation whose inverter (2345.6 W of 4200 W) exports `grid_w`; the daemon is not started yet."""
    image = make_image("growatt")
    station = Station(image)
    async with TcpMeter({1: station}) as inverter:
        config = f"""
export_limit: {{inverter: pv_NAA1234567, set_point: 0, safe: 840, stale: 4{more}}}
devices: [{{spec: 'tcp:127.0.0.1:{inverter.port}:1'{device}}}]
"""
        async with Installation(directory, config=config) as gx:
            grid = Grid(gx.dbus.address)
            grid.power_w = grid_w
            playing = asyncio.create_task(grid.run())
            try:
                yield _Scene(gx, image, station, grid)
            finally:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)


def _is_limited(percent: int) -> bool:
    """1000 W of 2345.6 W exported: 1345.6 W of 4200 W may be given."""
    return 30 <= percent <= 33


@pytest.mark.slow
async def test_export_is_limited_made_safe_and_left_to_another_limiter(tmp_path: Path) -> None:
    async with _limited(tmp_path) as (gx, image, _, grid):
        gx.start()
        await _wait(image, _is_limited, gx)
        assert await gx.get(GROWATT, "/Ac/PowerLimit") is not None
        grid.power_w = None
        await _wait(image, lambda percent: percent == SAFE, gx)
        await gx.wait_log("safe value")

        grid.power_w = 1500.0
        await _wait(image, lambda percent: percent > 40, gx)
        hub4_bus = await open_bus(gx.dbus.address)
        async with Service(hub4_bus, "com.victronenergy.hub4.test") as hub4:
            hub4.add_item(IntegerItem("/PvPowerLimiterActive", 1))
            await hub4.register()
            await gx.wait_log("refusing to run")
        await hub4_bus.close()
        await gx.wait_until(lambda: gx.output.rstrip().endswith("export limit: limiting"), "limiting again")
        assert gx.peer is not None
        await asyncio.to_thread(gx.peer.stop)
        assert image.registers[LIMIT_AT] == SAFE  # nobody watches the grid any more


@pytest.mark.slow
async def test_what_another_program_writes_does_not_lift_the_limit_for_good(tmp_path: Path) -> None:
    async with _limited(tmp_path) as (gx, image, _, _):
        gx.start()
        await _wait(image, _is_limited, gx)
        await gx.put(GROWATT, "/Ac/PowerLimit", 4200.0)
        await gx.wait_for(GROWATT, "/Ac/PowerLimit", lambda limit_w: limit_w is not None and limit_w < 1500.0)
        await _wait(image, _is_limited, gx)


@pytest.mark.slow
async def test_a_limit_that_stands_is_not_lifted_as_one_that_nobody_renews(tmp_path: Path) -> None:
    async with _limited(tmp_path, device=", limit_hold: 2") as (gx, image, _, _):
        gx.start()
        await _wait(image, _is_limited, gx)
        written: list[list[int]] = []
        image.on_write = lambda _, words: written.append(words)
        await asyncio.sleep(8.0)
        assert [100] not in written


@pytest.mark.slow
async def test_an_inverter_that_comes_late_gets_the_safe_value_without_a_meter(tmp_path: Path) -> None:
    async with _limited(tmp_path, grid_w=None) as (gx, image, station, _):
        station.behaviour.is_asleep = True
        gx.start()
        await gx.wait_log("nothing is limited")
        await gx.wait_until(lambda: station.requests > 2, "asked in vain")
        station.behaviour.is_asleep = False
        await _wait(image, lambda percent: percent == SAFE, gx)


@pytest.mark.slow
async def test_a_bus_that_dies_leaves_the_inverter_safe(tmp_path: Path) -> None:
    async with _limited(tmp_path) as (gx, image, _, _):
        gx.start()
        await _wait(image, _is_limited, gx)
        assert gx.dbus.process is not None
        gx.dbus.process.kill()
        await _wait(image, lambda percent: percent == SAFE, gx)


@pytest.mark.slow
async def test_a_bus_that_hangs_does_not_keep_the_inverter_from_its_safe_value(tmp_path: Path) -> None:
    async with _limited(tmp_path) as (gx, image, _, _):
        gx.start()
        await _wait(image, _is_limited, gx)
        assert gx.dbus.process is not None
        assert gx.peer is not None
        assert gx.peer.process is not None
        gx.dbus.process.send_signal(signal.SIGSTOP)
        try:
            gx.peer.process.terminate()
            await _wait(image, lambda percent: percent == SAFE, gx)
        finally:
            gx.dbus.process.send_signal(signal.SIGCONT)


@pytest.mark.slow
async def test_an_inverter_left_at_its_safe_value_is_freed_when_nothing_is_to_be_limited(tmp_path: Path) -> None:
    async with _limited(tmp_path, more=", by_energy: true") as (gx, image, _, _):
        image.registers[LIMIT_AT] = SAFE
        gx.start()
        await _wait(image, lambda percent: percent == 100, gx)
        assert gx.peer is not None
        await asyncio.to_thread(gx.peer.stop)
        assert image.registers[LIMIT_AT] == 100  # it was not limited, so its end changes nothing
