"""Prints what grid meters on the session bus tell, by a Monitor of its own.

python monitor.py [dbus_next|dbus_fast]
"""

import asyncio
import sys
from importlib import import_module
from typing import Any

from velib_async.client import Monitor, Service, ServiceHandler

LIBRARY = sys.argv[1] if len(sys.argv) > 1 else "dbus_next"
MessageBus = import_module(f"{LIBRARY}.aio").MessageBus
BusType = import_module(f"{LIBRARY}.constants").BusType


class GridMeterService(Service, ServiceHandler):
    """Found by every Monitor that is created from now on."""

    servicetype = "com.victronenergy.grid"
    paths = {"/Int", "/Double"}  # leave it out to keep all paths


class MyMonitor(Monitor):
    def itemsChanged(self, service: Service, values: dict[str, Any]) -> None:
        for path, value in values.items():
            print(f"{service.name}{path} changed to {value}", flush=True)

    async def serviceAdded(self, service: Service) -> None:
        print(f"{service.name} is there: /Int is {service.get_value('/Int')}", flush=True)

    async def serviceRemoved(self, service: Service) -> None:
        print(f"{service.name} has left", flush=True)


async def main() -> None:
    bus = await MessageBus(bus_type=BusType.SESSION).connect()
    monitor = await MyMonitor.create(bus)

    # From synchronous code, without waiting for what becomes of it:
    monitor.set_value_async("com.victronenergy.grid.example", "/Double", 55.5)
    # From asynchronous code, with the result: 0 is accepted.
    print("result", await monitor.set_value("com.victronenergy.grid.example", "/Int", 44), flush=True)

    await bus.wait_for_disconnect()


asyncio.run(main())
