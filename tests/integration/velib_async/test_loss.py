"""The end of a connection, as those see it who depend on it."""

from __future__ import annotations

import asyncio
import socket
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from velib_async.bus import Bus, Library, open_bus
from velib_async.client import Monitor
from velib_async.errors import BusLost
from velib_async.localsettings import Settings
from velib_async.service import IntegerItem, Service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded, pytest.mark.parametrize("library", ["dbus_fast", "dbus_next"])]

LIMIT_S = 20.0  # promised is 1 s, it takes milliseconds; the rest is for a machine that is busy with other tests


def kill(daemon: DBusDaemon, _: Bus) -> None:
    daemon.kill()


def shut_down(_: DBusDaemon, bus: Any) -> None:
    bus._bus._sock.shutdown(socket.SHUT_RDWR)


def send_nonsense(_: DBusDaemon, bus: Any) -> None:
    bus._bus._sock.send(b"\0" * 64)  # the bus daemon hangs up


@pytest.mark.parametrize("end", [kill, shut_down, send_nonsense])
async def test_end_is_told_within_a_second_and_once_to_each(
    dbus_daemon: DBusDaemon, library: Library, end: Callable[[DBusDaemon, Bus], None]
) -> None:
    bus = await open_bus(dbus_daemon.address, library=library)
    service = Service(bus, "com.victronenergy.test.loss")
    service.add_item(IntegerItem("/X", 1))
    await service.register()
    monitor = await Monitor.create(bus, handlers={})
    opening = asyncio.ensure_future(Settings.open(bus))  # there is none: it waits
    owners = [asyncio.ensure_future(owner.wait_lost()) for owner in (bus, service, monitor)]
    await asyncio.sleep(0.1)
    begin = time.monotonic()
    end(dbus_daemon, bus)
    results = await asyncio.wait_for(asyncio.gather(*owners, opening, return_exceptions=True), 2 * LIMIT_S)
    assert time.monotonic() - begin < LIMIT_S
    assert [type(result) for result in results] == [BusLost] * 4
    service.item("/X").set_local_value(2)  # nobody hears it, nothing breaks
    await asyncio.sleep(0.05)
    await monitor.close()
    await service.close()
    await bus.close()


async def test_end_is_told_on_a_message_bus_of_the_callers_own(dbus_daemon: DBusDaemon, library: Library) -> None:
    bus = await import_module(f"{library}.aio").MessageBus(bus_address=dbus_daemon.address).connect()
    service = Service(bus, "com.victronenergy.test.loss")
    await service.register()
    waiting = asyncio.ensure_future(bus.wait_for_disconnect())
    await asyncio.sleep(0.05)
    waiting.cancel()  # takes the library's notice with it
    await asyncio.sleep(0.05)
    watching = asyncio.ensure_future(service.wait_lost())
    dbus_daemon.kill()
    with pytest.raises(BusLost):
        await asyncio.wait_for(watching, 20)
    for resource in (bus._stream, bus._sock):
        resource.close()


async def test_disconnecting_on_purpose_is_no_loss(dbus_daemon: DBusDaemon, library: Library) -> None:
    bus = await import_module(f"{library}.aio").MessageBus(bus_address=dbus_daemon.address).connect()
    service = Service(bus, "com.victronenergy.test.loss")
    await service.register()
    bus.disconnect()
    await asyncio.wait_for(service.wait_lost(), 20)
    await service.close()
    for resource in (bus._stream, bus._sock):
        resource.close()
