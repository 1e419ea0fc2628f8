from __future__ import annotations

import asyncio
from functools import partial

import pytest

from modbus_client.todo import Todo
from velib_async import BusLost


class Connection:
    def __init__(self) -> None:
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def wait_lost(self) -> None:
        await asyncio.shield(self.end)


async def test_work_comes_in_its_order_with_and_without_a_connection() -> None:
    todo, done = Todo("meter"), list[int]()

    async def work(number: int) -> None:
        done.append(number)

    for number in range(4):
        todo.put(partial(work, number))
    for connection in (None, Connection(), None, Connection()):
        await (await todo.next(connection))()
    assert done == [0, 1, 2, 3]


async def test_a_lost_connection_is_told_and_costs_no_work() -> None:
    todo, connection = Todo("meter"), Connection()
    waiting = asyncio.create_task(todo.next(connection))
    await asyncio.sleep(0)
    connection.end.set_exception(BusLost("gone"))
    with pytest.raises(BusLost, match="gone"):
        await waiting
    todo.put(lambda: asyncio.sleep(0))
    await (await todo.next(None))()
