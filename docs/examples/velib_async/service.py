"""Puts a grid meter with three items on the session bus, and changes two of them every second.

    python service.py [dbus_next|dbus_fast]

Look at it from outside:
    dbus-send --session --print-reply --dest=com.victronenergy.grid.example / com.victronenergy.BusItem.GetValue
    dbus-send --session --print-reply --dest=com.victronenergy.grid.example /Int \
        com.victronenergy.BusItem.SetValue variant:int32:5
"""

import asyncio
import itertools
import sys
from importlib import import_module

from velib_async.service import DoubleItem, IntegerItem, Service, TextItem

LIBRARY = sys.argv[1] if len(sys.argv) > 1 else "dbus_next"
MessageBus = import_module(f"{LIBRARY}.aio").MessageBus
BusType = import_module(f"{LIBRARY}.constants").BusType


async def change(service: Service) -> None:
    """Both changes leave as one ItemsChanged."""
    for count in itertools.count():
        await asyncio.sleep(1)
        with service as ctx:
            ctx["/Int"] = count
            ctx["/Double"] = 3.141592654 * count


async def main() -> None:
    bus = await MessageBus(bus_type=BusType.SESSION).connect()
    async with Service(bus, "com.victronenergy.grid.example") as service:
        service.add_item(IntegerItem("/Int", 1, writeable=True))
        service.add_item(DoubleItem("/Double", 2.0, writeable=True))
        service.add_item(TextItem("/Text", "This is text", writeable=True))
        await service.register()
        print("registered", flush=True)
        changing = asyncio.create_task(change(service))
        await bus.wait_for_disconnect()
        changing.cancel()


asyncio.run(main())
