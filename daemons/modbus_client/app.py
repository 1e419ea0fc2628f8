"""Puts the parts of modbus-client together."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Any

from daemonkit.context import Paths
from daemonkit.daemon import run as run_daemon
from daemonkit.errors import DefinitionError
from daemonkit.options import make_parser
from daemonkit.program import Program
from daemonkit.version import read_version
from modbus_client.coexist import find_places
from modbus_client.configuration import read_configuration
from modbus_client.devicelist import DeviceList
from modbus_client.diagnostics import describe
from modbus_client.fleet import Fleet
from modbus_client.hooks import HOOKS
from modbus_client.house import House, Memory
from modbus_client.loader.catalogue import load_catalogue, load_definition, stamp_of
from modbus_client.options import add_arguments
from modbus_client.protocol.spec import Framing
from modbus_client.record import Recorder
from modbus_client.scanservice import ScanService
from velib_async import BusLost, open_bus
from velib_async.bus import load_library
from velib_async.localsettings import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from daemonkit.context import Context
    from modbus_client.protocol.exportlimit import ExportLimitConfig
    from velib_async import Bus

TICK_S = 1.0
RELOAD_S = 5.0
"""How soon a user's changed definition is noticed."""
USER_DEFINITIONS = "modbus.d"

_log = logging.getLogger(__name__)


async def main(context: Context) -> None:
    """Serve Modbus devices until cancelled."""
    config = read_configuration(context.config)
    directory = context.paths.config / USER_DEFINITIONS
    catalogue = load_catalogue(HOOKS, directory)
    for fault in catalogue.faults:
        _log.warning("left out: %s", fault)
    bus = await open_bus(context.bus_address, library=context.bus_library)  # type: ignore[arg-type]  # checked by argparse
    changed: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    memory = Memory(context.paths.state / "modbus-client.json")
    recorder = Recorder(context.arguments.record)
    try:
        # First the settings: at boot localsettings may come after us, and it knows what the stock driver holds.
        settings = await Settings.open(bus, on_change=lambda path, value: changed.put_nowait((path, value)))
        places = await find_places(bus, replace_stock=config.replace_stock)
        memory.load()
        house = House(settings, memory, context.bus_address, context.bus_library, context.version)
        async with Fleet(config, catalogue, HOOKS, house, recorder.tap) as fleet, asyncio.TaskGroup() as group:
            fixed = [*(device.spec for device in config.devices), *context.arguments.force_devices]
            devices = DeviceList(settings, places, fleet, fixed)
            group.create_task(bus.wait_lost(), name="bus")
            await devices.open(bus, context.arguments.serial)
            scans = ScanService(config, fleet, devices, house)
            await scans.open(places.service)
            if config.discovery and not places.is_beside_stock:
                group.create_task(_discover(fleet, house, scans), name="discovery")
            if config.export_limit is not None:
                group.create_task(_limit(config.export_limit, fleet, settings, bus), name="export limit")
            group.create_task(_scan(context.arguments, scans), name="scans")
            group.create_task(_follow_settings(changed, devices, fleet), name="settings")
            group.create_task(devices.follow_stock(bus), name="stock driver")
            group.create_task(_tick(context, fleet), name="tick")
            group.create_task(_reload(directory, fleet, devices), name="definitions")
    finally:
        recorder.close()
        memory.save()
        await bus.close()


async def _scan(arguments: argparse.Namespace, scans: ScanService) -> None:
    """Scan as the command line says, then as AutoScan does; the service stays until the end."""
    scans.ttys, scans.mode, scans.rates = arguments.serial, arguments.mode, arguments.rate
    try:
        await scans.run(now=arguments.force_scan, full=arguments.force_scan, must_find=arguments.exit)
    finally:
        await scans.close()


async def _discover(fleet: Fleet, house: House, scans: ScanService) -> None:
    """List what announces itself."""
    from modbus_client.announced import Announced  # noqa: PLC0415 - memory; only where it is used
    from modbus_client.discovery import Discovery  # noqa: PLC0415

    announced = Announced(fleet, house, scans)
    scans.on_enable = announced.enable
    discovery = Discovery(fleet.catalogue.definitions.mdns_kinds(), announced.hear)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(announced.run(), name="announced devices")
            group.create_task(discovery.run(), name="multicast DNS")
    finally:
        discovery.close()


async def _limit(config: ExportLimitConfig, fleet: Fleet, settings: Settings, bus: Bus) -> None:
    from modbus_client.limiter import Limiter  # noqa: PLC0415 - memory; only where it is used

    await Limiter(config, fleet, settings).run(bus)


async def _follow_settings(changed: asyncio.Queue[tuple[str, Any]], devices: DeviceList, fleet: Fleet) -> None:
    while True:
        path, value = await changed.get()
        if devices.is_mine(path):
            await devices.follow()
            continue
        for unit in fleet.units:
            base = f"/Settings/Devices/{unit.ident}/"
            if unit.ident and path.startswith(base):
                unit.on_setting(path.removeprefix(base), value)


async def _tick(context: Context, fleet: Fleet) -> None:
    while True:
        await fleet.tick()
        context.status.update(**describe(fleet))
        await asyncio.sleep(TICK_S)


async def _reload(directory: Path, fleet: Fleet, devices: DeviceList) -> None:
    """Pick up a user's definitions when they change; devices are looked at again with the new ones."""
    while True:
        await asyncio.sleep(RELOAD_S)
        if stamp_of(directory) != fleet.catalogue.stamp:
            catalogue = await asyncio.to_thread(load_catalogue, HOOKS, directory, previous=fleet.catalogue)
            for fault in catalogue.faults:
                _log.warning("left out: %s", fault)
            await fleet.use(catalogue)
            await devices.follow()  # what had no definition before may have one now


def check(context: Context, file: Path | None) -> list[str]:
    """Load one definition, or the configuration and everything. Raises DefinitionError."""
    if file is not None:
        definition = load_definition(file, HOOKS)
        count = len(definition.data) + sum(map(len, definition.variants.values()))
        return [f"{file}: good, {count} register entries"]
    load_library(context.bus_library)  # type: ignore[arg-type]  # checked by argparse
    config = read_configuration(context.config)
    catalogue = load_catalogue(HOOKS, context.paths.config / USER_DEFINITIONS)
    if catalogue.faults:
        raise catalogue.faults[0]
    families = list(catalogue.definitions.values())  # loads them
    return [f"{len(config.devices)} devices configured, {len(families)} families known: good"]


PROGRAM = Program(
    name="modbus-client",
    summary="Modbus meters, inverters and gensets on D-Bus",
    main=main,
    add_arguments=add_arguments,
    check=check,
    expected=(BusLost,),
)


def run(argv: Sequence[str] | None = None) -> int:
    """Run the daemon, or the tool that the command line asks for; return the exit code."""
    arguments = make_parser(PROGRAM, read_version()).parse_args(argv)
    if not arguments.models and not arguments.probe and arguments.scan is None:
        return run_daemon(PROGRAM, argv)
    from modbus_client.scantool import run_scan  # noqa: PLC0415 - the daemon does without the tools
    from modbus_client.tools import list_models, run_probes  # noqa: PLC0415

    directory = Paths.find(config=arguments.config).config / USER_DEFINITIONS
    try:
        catalogue = load_catalogue(HOOKS, directory)
    except DefinitionError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    if arguments.models:
        sys.stdout.writelines(f"{line}\n" for line in list_models(catalogue))
        return 0
    if arguments.scan is not None:
        return run_scan(arguments.scan, catalogue)
    return run_probes(arguments.probe, Framing(), catalogue)
