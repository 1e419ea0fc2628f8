"""Messages of many megabytes, on either library: the connection lives."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.network import until
from velib_async.bus import BUS_ITEM, LIMITS_EXCEEDED, Library, open_bus
from velib_async.errors import CallError
from velib_async.names import add_match, list_names, match_rule
from velib_async.service import Service, TextItem
from velib_async.values import MAX_VALUE_BYTES

if TYPE_CHECKING:
    from tests.peers.dbus import DBusDaemon
    from velib_async.bus import Bus, Changes

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

LIBRARIES: tuple[Library, ...] = ("dbus_fast", "dbus_next")
NAME = "com.victronenergy.test.large"


async def ask(client: Bus) -> int | str:
    """Returns how many items there are, or the error's name."""
    try:
        (items,) = await client.call(NAME, "/", BUS_ITEM, "GetItems")
    except CallError as error:
        return error.name
    return len(items)


def add_items(service: Service, begin: int, end: int) -> None:
    """Adds items of 64 KiB each: value and text."""
    for number in range(begin, end):
        service.add_item(TextItem(f"/Text/{number}", "x" * MAX_VALUE_BYTES))


@pytest.mark.parametrize("library", LIBRARIES)
async def test_large_answers_cost_no_connection(dbus_daemon: DBusDaemon, library: Library) -> None:
    service = Service(await open_bus(dbus_daemon.address, library=library), NAME)
    client = await open_bus(dbus_daemon.address, library=library)
    add_items(service, 0, 300)  # 19 MiB
    await service.register()
    assert await ask(client) == 300
    answers: list[Any] = await asyncio.gather(*(ask(client) for _ in range(4)))
    assert set(answers) <= {300, LIMITS_EXCEEDED}  # how many are answered depends on how fast the bus takes them
    assert answers[0] == 300
    add_items(service, 300, 520)  # 33 MiB: more than the bus would take
    assert await ask(client) == LIMITS_EXCEEDED
    (value,) = await client.call(NAME, "/Text/519", BUS_ITEM, "GetValue")
    assert len(value) == MAX_VALUE_BYTES
    assert await list_names(service.bus)
    await service.close()
    await service.bus.close()
    await client.close()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_changes_too_large_for_one_message_arrive_in_several(dbus_daemon: DBusDaemon, library: Library) -> None:
    service = Service(await open_bus(dbus_daemon.address, library=library), NAME)
    client = await open_bus(dbus_daemon.address, library=library)
    add_items(service, 0, 520)
    await service.register()
    received: list[Changes] = []
    client.add_changes_handler(lambda _, changes: received.append(changes))
    await add_match(client, match_rule(type="signal", interface=BUS_ITEM))
    with service as context:
        for number in range(520):
            context[f"/Text/{number}"] = "y" * MAX_VALUE_BYTES
    await until(lambda: sum(map(len, received)) == 520)
    assert [len(changes) for changes in received] == [260, 260]
    assert await list_names(service.bus)
    await service.close()
    await service.bus.close()
    await client.close()
