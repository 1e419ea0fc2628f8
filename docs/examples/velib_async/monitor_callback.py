"""The same with a callback in place of a subclass. It may take (service, values), or (monitor, service, values).

python monitor_callback.py [dbus_next|dbus_fast]
"""

import asyncio
import sys
from importlib import import_module
from typing import Any

from velib_async.client import Monitor, Service

LIBRARY = sys.argv[1] if len(sys.argv) > 1 else "dbus_next"
MessageBus = import_module(f"{LIBRARY}.aio").MessageBus
BusType = import_module(f"{LIBRARY}.constants").BusType


@Service.handler("com.victronenergy.grid")
class GridMeterService(Service):
    pass


def on_update(self: Monitor, service: Service, values: dict[str, Any]) -> None:
    for path, value in values.items():
        print(f"{service.name}{path} changed to {value}; {len(list(self.services))} grid meters", flush=True)


async def main() -> None:
    bus = await MessageBus(bus_type=BusType.SESSION).connect()
    await Monitor.create(bus, on_update)
    await bus.wait_for_disconnect()


asyncio.run(main())
