from __future__ import annotations

import asyncio

import pytest

from mqtt_devices.connections import ConnectionBudget
from mqtt_devices.errors import Reason, Rejected
from velib_async.memory import MemoryBus, MemoryHub


async def take(budget: ConnectionBudget, hub: MemoryHub) -> MemoryBus | Rejected:
    try:
        async with budget.place():
            await asyncio.sleep(0.001)
            return hub.connect()
    except Rejected as problem:
        return problem


async def test_budget_counts_the_connections_of_everybody() -> None:
    hub = MemoryHub()
    buses = [hub.connect() for _ in range(5)]
    budget = ConnectionBudget(buses[0], limit=7)
    for _ in range(2):
        bus = await take(budget, hub)
        assert isinstance(bus, MemoryBus)
        buses.append(bus)
    refused = await take(budget, hub)
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.CONNECTION_LIMIT
    await buses.pop().close()
    assert isinstance(await take(budget, hub), MemoryBus)


@pytest.mark.parametrize("limit", [2, 9, 10, 25])
async def test_budget_holds_for_many_at_once(limit: int) -> None:
    hub = MemoryHub()
    budget = ConnectionBudget(hub.connect(), limit=limit)
    taken = await asyncio.gather(*(take(budget, hub) for _ in range(40)))
    opened = sum(isinstance(one, MemoryBus) for one in taken)
    # Connections that are just being opened may count twice.
    assert limit // 2 <= opened <= limit - 1


async def test_budget_sees_connections_that_others_open_meanwhile() -> None:
    hub = MemoryHub()
    budget = ConnectionBudget(hub.connect(), limit=20)
    await take(budget, hub)
    others = [hub.connect() for _ in range(17)]
    taken = [await take(budget, hub) for _ in range(20)]
    # It looks again after every eighth, so it can be late by that much, and no more.
    assert sum(isinstance(one, MemoryBus) for one in taken) <= 8
    assert len(others) == 17


async def test_failed_connection_gives_its_place_back() -> None:
    hub = MemoryHub()
    budget = ConnectionBudget(hub.connect(), limit=2)
    with pytest.raises(OSError, match="refused"):
        async with budget.place():
            raise OSError("refused")
    assert isinstance(await take(budget, hub), MemoryBus)
