"""Keeps two settings in localsettings, on the session bus, and prints when somebody changes them.

python settings.py [dbus_next|dbus_fast]
"""

import asyncio
import sys
from importlib import import_module
from typing import Any

from velib_async.client import Monitor, Service, ServiceHandler
from velib_async.localsettings import SETTINGS_SERVICE, Setting, SettingsService

LIBRARY = sys.argv[1] if len(sys.argv) > 1 else "dbus_next"
MessageBus = import_module(f"{LIBRARY}.aio").MessageBus
BusType = import_module(f"{LIBRARY}.constants").BusType


class MySettings(SettingsService, ServiceHandler):
    pass


class MyMonitor(Monitor):
    def itemsChanged(self, service: Service, values: dict[str, Any]) -> None:
        for path, value in values.items():
            print(f"{path} is now {value}", flush=True)


async def main() -> None:
    bus = await MessageBus(bus_type=BusType.SESSION).connect()
    monitor = await MyMonitor.create(bus)
    service = await monitor.wait_for_service(SETTINGS_SERVICE)
    assert isinstance(service, MySettings)
    await service.add_settings(
        Setting("/Settings/Example/OptionA", 3, 0, 5),
        Setting("/Settings/Example/OptionB", "x"),
    )
    print("A", service.get_value("/Settings/Example/OptionA"), flush=True)
    print("B", service.get_value("/Settings/Example/OptionB"), flush=True)
    print("result", await service.set_value("/Settings/Example/OptionA", 5), flush=True)
    await bus.wait_for_disconnect()


asyncio.run(main())
