from __future__ import annotations

import asyncio

import pytest

from velib_async.arrivals import Arrivals


async def test_all_who_wait_get_what_arrives() -> None:
    arrivals: Arrivals[int] = Arrivals()
    waiting = [asyncio.ensure_future(arrivals.wait(name)) for name in "aab"]
    await asyncio.sleep(0)
    arrivals.arrive("a", 1)
    arrivals.arrive("c", 3)  # nobody waits
    assert await asyncio.gather(*waiting[:2]) == [1, 1]
    assert not waiting[2].done()
    arrivals.arrive("b", 2)
    assert await waiting[2] == 2
    assert not arrivals._waiting


async def test_who_gives_up_is_forgotten() -> None:
    arrivals: Arrivals[int] = Arrivals()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await arrivals.wait("a")
    assert not arrivals._waiting


async def test_end_is_told_now_and_later() -> None:
    arrivals: Arrivals[int] = Arrivals()
    waiting = asyncio.ensure_future(arrivals.wait("a"))
    await asyncio.sleep(0)
    arrivals.fail(OSError("over"))
    with pytest.raises(OSError, match="over"):
        await waiting
    with pytest.raises(OSError, match="over"):
        await arrivals.wait("b")
