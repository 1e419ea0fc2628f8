"""Wiring: builds the parts and runs them in one TaskGroup."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, cast

from daemonkit.daemon import run
from daemonkit.program import Program
from mk2_bridge.bridge import Bridge
from mk2_bridge.neighbours import Neighbours
from mk2_bridge.options import add_arguments, read_options
from mk2_bridge.products import FILE, load_products
from mk2_bridge.status import bridge_status
from velib_async.bus import load_library, open_bus
from velib_async.errors import BusLost, NameTaken
from velib_async.localsettings import Setting, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from daemonkit.context import Context
    from velib_async.bus import Bus, Library

NAME = "mk2-bridge"
STATUS_S = 5.0
NAME_TAKEN_S = 10.0
"""Pause after somebody was quicker to take our name."""

log = logging.getLogger(__name__)


async def serve(context: Context) -> None:
    """Run the daemon until it is cancelled.

    Raises:
        BusLost: D-Bus is gone.
        DefinitionError: the configuration is wrong.
    """
    options = read_options(context.arguments, context.config)
    library = cast("Library | None", context.bus_library)
    connect = partial(open_bus, context.bus_address, library=library)
    bridge = Bridge(
        options,
        version=context.version,
        state_file=context.paths.state / f"{NAME}-{options.unique_name}.json",
        connect=connect,
    )
    bus = await connect()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bus.wait_lost(), name="bus.lost")
            tasks.create_task(_report(context, bridge), name="status")
            tasks.create_task(_show(bridge, bus), name="service")
            tasks.create_task(bridge.controls.run(), name="controls")
            tasks.create_task(bridge.publish_for_ever(), name="publish")
            tasks.create_task(bridge.memory.save_for_ever(), name="save")
            system = tasks.create_task(_run_system(bridge), name="system")
            await asyncio.wait([system])
    finally:
        await bus.close()


async def _run_system(bridge: Bridge) -> None:
    """Run the system; at the end make it safe while the line is still open."""
    inner = asyncio.create_task(bridge.system.run(), name="mk2")
    try:
        await asyncio.wait([inner])
    finally:
        await bridge.close()
        inner.cancel()
        await asyncio.wait([inner])
    await inner


async def _show(bridge: Bridge, bus: Bus) -> None:
    """Keep the service on the bus while no other program publishes a VE.Bus system."""
    await bridge.wait_known()
    settings = await Settings.open(bus)
    neighbours = Neighbours(bus, bridge.name)
    try:
        await _prepare(bridge, settings)
        await neighbours.start()
        while True:
            await _wait_alone(bridge, neighbours)
            neighbours.is_published = True
            try:
                await bridge.appear()
            except NameTaken as error:
                log.warning("not publishing: %s", error)
                neighbours.is_published = False
                await bridge.disappear()
                await asyncio.sleep(NAME_TAKEN_S)
                continue
            try:
                await _wait_due(bridge, neighbours)
            finally:
                await bridge.disappear()
                neighbours.is_published = False
    finally:
        await neighbours.close()
        await settings.close()


async def _wait_due(bridge: Bridge, neighbours: Neighbours) -> None:
    """Wait for a reason to take the service off the bus."""
    waits = {
        asyncio.create_task(bridge.wait_shape_changed()): "the system has changed: publishing it anew",
        asyncio.create_task(bridge.wait_bus_lost()): "the service's connection to D-Bus has ended: publishing it anew",
    }
    if not bridge.options.beside_other_vebus:
        waits[asyncio.create_task(neighbours.wait_others(there=True))] = "another VE.Bus system is on the bus"
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            log.info(waits[task])
    finally:
        for task in waits:
            task.cancel()


async def _wait_alone(bridge: Bridge, neighbours: Neighbours) -> None:
    if neighbours.others and not bridge.options.beside_other_vebus:
        log.warning(
            "%s is on the bus already: not publishing. Stop that program, or set beside_other_vebus",
            ", ".join(sorted(neighbours.others)),
        )
        await neighbours.wait_others(there=False)


async def _prepare(bridge: Bridge, settings: Settings) -> None:
    unique_id = f"vebus_{bridge.options.unique_name}"
    path = f"/Settings/Devices/{unique_id}/CustomName"
    values = await settings.add(Setting(path, ""))
    bridge.custom_name = str(values[path] or "")
    bridge.device_instance = await settings.allocate_instance(unique_id, "vebus", bridge.options.device_instance)

    async def store(name: str) -> None:
        await settings.set(path, name)

    bridge.on_name = store


async def _report(context: Context, bridge: Bridge) -> None:
    while True:
        context.status.update(**bridge_status(bridge))
        await asyncio.sleep(STATUS_S)


def check(context: Context, file: Path | None) -> list[str]:
    """Load configuration and product names, or only `file` as product names; say what is in them.

    Raises:
        DefinitionError: names the first mistake.
    """
    lines = []
    if file is None:
        load_library(cast("Library | None", context.bus_library))
        options = read_options(context.arguments, context.config)
        lines.append(f"tty {options.tty}, publishes com.victronenergy.vebus.{options.unique_name}")
    return [*lines, f"{len(load_products(file or FILE))} product names"]


def main() -> int:
    """Run as a daemon; return the exit code."""
    return run(
        Program(
            name=NAME,
            summary="Puts a VE.Bus system behind an MK2 or MK3 on the D-Bus of Venus OS.",
            main=serve,
            add_arguments=add_arguments,
            check=check,
            expected=(BusLost,),
        )
    )
