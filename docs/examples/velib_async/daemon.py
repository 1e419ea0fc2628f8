"""How a driver looks that does not care which library is installed: a thermometer with the mandatory items.

    python daemon.py [ADDRESS]

It ends with an error when the bus goes away, so that a supervisor starts it anew.
"""

import asyncio
import sys

from velib_async import BusLost, open_bus
from velib_async.localsettings import Settings
from velib_async.mandatory import add_mandatory_items
from velib_async.service import DoubleItem, IntegerItem, Item, Service

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "system"


async def set_type(item: Item, value: int) -> bool:
    """Asks the device; True accepts, False refuses. Whoever wrote waits for the answer, for 1 s at most."""
    await asyncio.sleep(0.1)
    return value != 3


async def main() -> None:
    settings = await Settings.open(await open_bus(ADDRESS))
    instance = await settings.allocate_instance("example_thermometer", "temperature", preferred=24)

    bus = await open_bus(ADDRESS)
    async with Service(bus, "com.victronenergy.temperature.example", min_interval_s=1.0) as service:
        add_mandatory_items(
            service,
            process_name="example",
            process_version="1.0",
            connection="nothing but a demonstration",
            device_instance=instance,
            product_id=0xFFFF,
            product_name="Example thermometer",
        )
        service.add_item(DoubleItem("/Temperature", 21.5, text=lambda value: f"{value:.1f} °C", dead_band=0.1))
        service.add_item(IntegerItem("/TemperatureType", 2, True, set_type, minimum=0, maximum=6, default=2))
        await service.register()
        print(f"registered with instance {instance}", flush=True)
        try:
            await service.wait_lost()
        except BusLost as error:
            sys.exit(str(error))


asyncio.run(main())
