"""Run settings, system and gateway in one process until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING

from dbus_fast import DBusError

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
        raise EOFError("the D-Bus connection has ended")


async def main() -> int:
    """Serve, and end in good order on a signal; returns the exit code."""
    options = parse_options()
    task = asyncio.ensure_future(serve(options))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return 0
    except (OSError, EOFError, DBusError, TimeoutError, ValueError) as error:
        sys.stderr.write(f"simulated GX on {options.dbus}: {type(error).__name__}: {error}\n")
    return 1


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    sys.exit(asyncio.run(main()))
