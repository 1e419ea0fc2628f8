"""The programs of Venus that run on every GX: settings, system, MQTT gateway, and owners of names that are not ours.

stock.py BUS SETTINGS_FILE
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from simulators.gx.gateway import GatewaySimulator
from simulators.gx.settings import SettingsSimulator
from simulators.gx.system import SystemSimulator
from velib_async.bus import open_bus
from velib_async.mandatory import add_mandatory_items
from velib_async.service import Service

PORTAL = "c0619ab00000"
NAMES = ("com.victronenergy.modbusclient.tcp", "com.victronenergy.vebus.ttyS4")


async def main(address: str, settings: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(SettingsSimulator(address, file=settings, unique_id=PORTAL))
        system = await stack.enter_async_context(SystemSimulator(address, portal_id=PORTAL))
        await stack.enter_async_context(GatewaySimulator(address, host="127.0.0.1", port=1883, portal_id=PORTAL))
        for name in NAMES:
            service = Service(await open_bus(address), name)
            add_mandatory_items(
                service, process_name="stock", process_version="1", connection="built in", device_instance=276,
                product_id=0, product_name="stock",
            )  # fmt: skip
            await service.register()
        sys.stdout.write("stock programs are up\n")
        sys.stdout.flush()
        await system.wait_closed()


with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
