from __future__ import annotations

import contextlib

import pytest

from mqtt_devices.connections import ConnectionBudget
from mqtt_devices.errors import Reason, Rejected
from velib_async.memory import MemoryHub


async def test_budget_counts_the_connections_of_everybody() -> None:
    hub = MemoryHub()
    buses = [hub.connect() for _ in range(5)]
    budget = ConnectionBudget(buses[0], limit=7)
    for _ in range(2):
        await budget.take()
        buses.append(hub.connect())
    with pytest.raises(Rejected) as caught:
        await budget.take()
    assert caught.value.reason is Reason.CONNECTION_LIMIT
    await buses.pop().close()
    await budget.take()


async def test_budget_sees_connections_that_others_open_meanwhile() -> None:
    hub = MemoryHub()
    budget = ConnectionBudget(hub.connect(), limit=20)
    await budget.take()
    others = [hub.connect() for _ in range(19)]
    allowed = 0
    with contextlib.suppress(Rejected):
        for allowed in range(20):  # noqa: B007 - how far it got
            await budget.take()
    assert allowed < 10
    assert len(others) == 19
