"""The end of a unit: an inverter that is being limited gets its safe value, whatever ends the unit."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from modbus_client.unit import Unit


async def test_cancellation_does_not_take_back_the_safe_value() -> None:
    """As when the bus dies: the unit's own connection ends first, and all others while it commands."""
    commanded: list[tuple[float, float]] = []
    has_begun = asyncio.Event()

    async def force_limit(limit_w: float, rated_w: float) -> bool:
        has_begun.set()
        await asyncio.sleep(0.05)  # the inverter takes its time to answer
        commanded.append((limit_w, rated_w))
        return True

    # What leave() needs of a unit; the rest wants a line and a bus.
    parts: Any = SimpleNamespace(
        at_end=(0.0, 5000.0), controls=SimpleNamespace(force_limit=force_limit), _leaving=asyncio.Lock()
    )
    leaving = asyncio.create_task(Unit.leave(cast("Unit", parts)))
    await has_begun.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert commanded == [(0.0, 5000.0)]
