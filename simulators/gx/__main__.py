"""Run settings, system and gateway in one process until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING

from simulators.gx.gateway import GatewaySimulator
from simulators.gx.options import parse_options
from simulators.gx.settings import SettingsSimulator
from simulators.gx.system import SystemSimulator

if TYPE_CHECKING:
    import argparse


async def serve(options: argparse.Namespace) -> None:
    """Run the simulated GX until it is cancelled or its bus goes; raises what ended it."""
    portal_id = options.portal_id
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(SettingsSimulator(options.dbus, file=options.settings, unique_id=portal_id))
        system = await stack.enter_async_context(SystemSimulator(options.dbus, portal_id=portal_id))
        if options.mqtt_port is not None:
            gateway = GatewaySimulator(
                options.dbus, host=options.mqtt_host, port=options.mqtt_port, portal_id=portal_id
            )
            await stack.enter_async_context(gateway)
        logging.getLogger(__name__).info("simulated GX %s is up on %s", portal_id, options.dbus)
        await system.wait_closed()


async def main() -> None:
    """Serve, and end in good order on a signal."""
    options = parse_options()
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serve(options)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(main())
