"""The library on a Python that lacks what a stock Venus OS lacks, with both D-Bus libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.peers.missing_stdlib import run_on_gx

if TYPE_CHECKING:
    from tests.peers.dbus import DBusDaemon

PROGRAM = """
import asyncio, pkgutil, importlib, sys
import velib_async
for module in pkgutil.iter_modules(velib_async.__path__, "velib_async."):
    importlib.import_module(module.name)
from velib_async import open_bus
from velib_async.client import Monitor, Service as Watched
from velib_async.service import IntegerItem, Service

async def main(address, library):
    bus, other = await open_bus(address, library=library), await open_bus(address, library=library)
    async with Service(bus, "com.victronenergy.test.gx") as service:
        service.add_item(IntegerItem("/X", 1, writeable=True))
        await service.register()
        monitor = await Monitor.create(other, handlers={"com.victronenergy.test": Watched})
        print("result", await monitor.set_value(service.name, "/X", 2), service["/X"])
        await monitor.close()
    await bus.close()
    await other.close()
"""


@pytest.mark.peer
@pytest.mark.parametrize("library", ["dbus_fast", "dbus_next"])
def test_service_and_monitor_work_without_what_a_gx_lacks(dbus_daemon: DBusDaemon, library: str) -> None:
    result = run_on_gx(f"{PROGRAM}\nasyncio.run(main({dbus_daemon.address!r}, {library!r}))")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "result 0 2\n"
