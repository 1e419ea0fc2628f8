from __future__ import annotations

import asyncio

import pytest

from mk2_bridge.neighbours import Neighbours
from velib_async.memory import MemoryHub
from velib_async.service import IntegerItem, Service

pytestmark = pytest.mark.unguarded


async def test_neighbour_that_came_while_nobody_was_waiting_counts_all_the_same() -> None:
    hub = MemoryHub()
    neighbours = Neighbours(hub.connect(), "com.victronenergy.vebus.ttyUSB0")
    await neighbours.start()
    await neighbours.wait_others(there=False)
    other = Service(hub.connect(), "com.victronenergy.vebus.ttyS4")
    other.add_item(IntegerItem("/DeviceInstance", 1))
    await other.register()
    async with asyncio.timeout(20):
        while not neighbours.others:  # noqa: ASYNC110  # what is tested is that one need not wait to hear of it
            await asyncio.sleep(0.01)
        await neighbours.wait_others(there=True)
        gone = asyncio.create_task(neighbours.wait_others(there=False))
        await other.close()
        await gone
    await neighbours.close()
