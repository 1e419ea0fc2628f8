"""Bursts against readers and buses that cannot keep up, on either library."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.peers.process import Peer
from velib_async.bus import Library, open_bus
from velib_async.names import list_names
from velib_async.service import IntegerItem, Service

if TYPE_CHECKING:
    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

REPOSITORY = Path(__file__).resolve().parents[3]
ITEMS = 1_000
ROUNDS = 100  # 100,000 changes
LIBRARIES: tuple[Library, ...] = ("dbus_fast", "dbus_next")


def make_reader(daemon: DBusDaemon, sender: str, last: int, pause_s: float) -> Peer:
    script = Path(__file__).with_name("slow_reader.py")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "lib"), str(REPOSITORY)])}
    return Peer("slow reader", [sys.executable, str(script), daemon.address, sender, str(last), str(pause_s)], env=env)


async def finish(reader: Peer) -> dict[str, Any]:
    await asyncio.to_thread(reader.wait, 90.0)
    return dict(json.loads(reader.output.splitlines()[-1]))


async def burst(service: Service, pending: list[int]) -> None:
    items = list(service.items.values())
    for number in range(1, ROUNDS + 1):
        for index, item in enumerate(items):
            item.set_local_value(number)
            if index % 100 == 0:
                await asyncio.sleep(0)
                pending.append(len(service._announcer))


async def make_service(daemon: DBusDaemon, library: Library) -> Service:
    service = Service(await open_bus(daemon.address, library=library), "com.victronenergy.test.burst")
    for number in range(ITEMS):
        service.add_item(IntegerItem(f"/Item/{number}", 0))
    await service.register()
    return service


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("stops", [False, True], ids=["slow reader", "slow reader, bus stops for a second"])
async def test_burst_loses_no_connection_order_or_last_value(
    dbus_daemon: DBusDaemon, library: Library, *, stops: bool
) -> None:
    service = await make_service(dbus_daemon, library)
    reader = make_reader(dbus_daemon, service.bus.unique_name, ROUNDS, pause_s=0.002)
    pending: list[int] = []
    backlog = 0
    with reader:
        await asyncio.to_thread(reader.wait_output, "ready")
        sending = asyncio.create_task(burst(service, pending))
        if stops:
            dbus_daemon.send(signal.SIGSTOP)
            await sending
            await asyncio.sleep(1)
            backlog = service.bus._writer.backlog
            assert len(service._announcer) > 0  # the bus takes nothing: one value per item waits
            dbus_daemon.send(signal.SIGCONT)
        await sending
        report = await finish(reader)
    assert report["paths"] == ITEMS
    assert report["disorder"] == 0
    assert report["last"] == [ROUNDS]
    assert max(pending) <= ITEMS
    assert backlog < 64 * 1024  # less than two messages
    assert await list_names(service.bus)  # the connection lives
    # With -s: how much of it got through, which depends on the machine.
    print(f"{library}: {report['values']} of {ITEMS * ROUNDS} changes went out, {max(pending)} pending at most")  # noqa: T201 - a figure for whoever asks
    await service.close()
    await service.bus.close()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_libraries_alone_lose_the_connection_when_the_bus_stops(
    dbus_daemon: DBusDaemon, library: Library
) -> None:
    """The reason for `_writer`. When this fails a library has mended it, and `_writer` may go."""
    module = importlib.import_module(library)
    bus = await importlib.import_module(f"{library}.aio").MessageBus(bus_address=dbus_daemon.address).connect()
    message = {
        "message_type": module.MessageType.SIGNAL,
        "path": "/",
        "interface": "com.example.Burst",
        "member": "Burst",
        "signature": "s",
        "body": ["x" * 4000],
    }
    futures: list[asyncio.Future[Any]] = []
    dbus_daemon.send(signal.SIGSTOP)
    with contextlib.suppress(OSError):  # dbus_fast closes its socket and then goes on using it
        for _ in range(200):
            futures.append(bus.send(module.Message(**message)))  # noqa: PERF401 - keep those before the failure
    await asyncio.sleep(0.2)
    dbus_daemon.send(signal.SIGCONT)
    with pytest.raises(BlockingIOError):
        await asyncio.wait_for(bus.wait_for_disconnect(), 30)
    for future in futures:
        if future.done() and not future.cancelled():
            future.exception()
    bus._stream.close()
    bus._sock.close()


@pytest.mark.parametrize("library", LIBRARIES)
async def test_answers_wait_for_a_bus_that_stops(dbus_daemon: DBusDaemon, library: Library) -> None:
    service = await make_service(dbus_daemon, library)
    client = await open_bus(dbus_daemon.address, library=library)
    dbus_daemon.send(signal.SIGSTOP)
    calls = [
        asyncio.ensure_future(client.call(service.name, "/", "com.victronenergy.BusItem", "GetItems"))
        for _ in range(30)
    ]
    await asyncio.sleep(0.2)
    dbus_daemon.send(signal.SIGCONT)
    for (items,) in await asyncio.gather(*calls):
        assert len(items) == ITEMS
    await service.close()
    await service.bus.close()
    await client.close()
