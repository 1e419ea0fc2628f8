from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from obdio.fanout import MAX_PENDING, Fanout
from obdio.link import LinkState
from obdio.snapshot import Snapshot

if TYPE_CHECKING:
    import pytest


async def test_values_from_a_thread_arrive_in_order_and_in_the_loop() -> None:
    got: list[Any] = []
    threads = set()
    done = asyncio.Event()

    async def deliver(responses: list[Any], _: Snapshot | None) -> None:
        await asyncio.sleep(0)
        got.extend(responses)
        threads.add(threading.get_ident())
        if len(got) == 1000:
            done.set()

    fanout = Fanout(deliver)
    fanout.attach(asyncio.get_running_loop())
    thread = threading.Thread(target=lambda: [fanout.responses([number]) for number in range(1000)])
    thread.start()
    await asyncio.wait_for(done.wait(), 20)
    thread.join()
    assert got == list(range(1000))
    assert threads == {threading.get_ident()}


async def test_the_last_link_state_is_delivered_when_a_loop_is_attached() -> None:
    got: asyncio.Queue[Snapshot | None] = asyncio.Queue()

    async def deliver(_: list[Any], snapshot: Snapshot | None) -> None:
        await got.put(snapshot)

    fanout = Fanout(deliver)
    assert not fanout.responses([1])
    fanout.link(Snapshot(LinkState.ADAPTER))
    fanout.link(Snapshot(LinkState.CAR))
    fanout.attach(asyncio.get_running_loop())
    snapshot = await asyncio.wait_for(got.get(), 20)
    assert snapshot is not None
    assert snapshot.state is LinkState.CAR


async def test_a_loop_that_is_too_slow_loses_the_oldest_values_not_memory() -> None:
    got: list[int] = []
    gate = asyncio.Event()

    async def deliver(responses: list[int], _: Snapshot | None) -> None:
        await gate.wait()
        got.extend(responses)

    fanout = Fanout(deliver)
    fanout.attach(asyncio.get_running_loop())
    for number in range(3 * MAX_PENDING):
        fanout.responses([number])
    gate.set()
    async with asyncio.timeout(20):
        while not got or got[-1] != 3 * MAX_PENDING - 1:  # noqa: ASYNC110 - filled by what is tested
            await asyncio.sleep(0.01)
    assert len(got) <= MAX_PENDING


async def test_after_detach_nothing_is_delivered() -> None:
    got: list[int] = []

    async def deliver(responses: list[int], _: Snapshot | None) -> None:
        got.extend(responses)

    fanout = Fanout(deliver)
    fanout.attach(asyncio.get_running_loop())
    fanout.detach()
    assert not fanout.responses([1])
    await asyncio.sleep(0.05)
    assert got == []


async def test_a_failing_delivery_costs_one_batch(caplog: pytest.LogCaptureFixture) -> None:
    got: asyncio.Queue[int] = asyncio.Queue()

    async def deliver(responses: list[int], _: Snapshot | None) -> None:
        if responses == [1]:
            raise ZeroDivisionError("a bug")
        await got.put(responses[0])

    fanout = Fanout(deliver)
    fanout.attach(asyncio.get_running_loop())
    fanout.responses([1])
    await asyncio.sleep(0.05)
    fanout.responses([2])
    assert await asyncio.wait_for(got.get(), 20) == 2
    assert "a bug" in caplog.text
