"""Wiring: builds the parts and runs them in one TaskGroup."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, cast

from daemonkit.daemon import run
from daemonkit.errors import DefinitionError
from daemonkit.program import Program
from daemonkit.supervise import keep_connected
from daemonkit.yamlfile import load
from mqtt_devices.broker import Broker
from mqtt_devices.connections import ConnectionBudget
from mqtt_devices.controls import Controls
from mqtt_devices.driver import Driver
from mqtt_devices.errors import Mistakes
from mqtt_devices.mapping_file import load_mappings, read_mappings
from mqtt_devices.memory_file import MemoryFile
from mqtt_devices.mistakes_report import MistakesReport
from mqtt_devices.options import (
    add_arguments,
    check_certificate,
    describe_broker,
    read_broker,
    read_connection_limit,
    read_other_brokers,
    read_policy,
    read_steering,
)
from mqtt_devices.portal import find_portal_id
from mqtt_devices.protocol.effects import Publish
from mqtt_devices.protocol.inbox import Inbox
from mqtt_devices.protocol.mapping import Mapper
from mqtt_devices.protocol.names import STATE_TOPIC
from mqtt_devices.protocol.registry import Registry
from mqtt_devices.protocol.reply import encode_state
from mqtt_devices.protocol.service_types import apply_locks
from mqtt_devices.publisher import Publisher
from mqtt_devices.services_file import (
    Catalogue,
    describe_types,
    find_user_files,
    load_with_user_files,
)
from mqtt_devices.status_report import StatusReport
from mqtt_devices.user_places import MAPPINGS, SERVICES, make_places
from velib_async.bus import load_library, open_bus
from velib_async.errors import BusLost

if TYPE_CHECKING:
    from pathlib import Path

    from daemonkit.context import Context
    from mqtt_devices.protocol.broker_address import BrokerAddress
    from mqtt_devices.protocol.lazy_types import LazyTypes
    from velib_async.bus import Library

NAME = "mqtt-devices"

_log = logging.getLogger(__name__)


async def serve(context: Context) -> None:
    """Run the daemon until it is cancelled.

    Raises:
        BusLost: D-Bus is gone.
        DefinitionError: configuration or services.yml is wrong.
    """
    await asyncio.to_thread(make_places, context.paths.config)
    mistakes = MistakesReport(context.status)
    types = _load_types(context, mistakes)
    rules, wrong_rules = load_mappings(context.paths.config / MAPPINGS, types)
    mistakes.leave_out(wrong_rules)
    registry = Registry(types, read_policy(context.config), Mapper(rules))
    addresses = {"": read_broker(context.arguments, context.config), **read_other_brokers(context.config)}
    inbox, arrived = Inbox(), asyncio.Event()
    for name, address in addresses.items():
        _warn_of_certificate(name, address)
    will = Publish(STATE_TOPIC, encode_state(None, is_online=False), retain=True)
    brokers = {
        name: Broker(address, inbox=inbox, name=name, arrived=arrived, will=will) for name, address in addresses.items()
    }
    memory = MemoryFile(context.paths.state / f"{NAME}.json", registry.remembered)
    driver = Driver(
        registry, brokers=brokers, inbox=inbox, arrived=arrived, types=types, on_remember=memory.note_change
    )
    driver.restore(await asyncio.to_thread(memory.load))
    report = StatusReport(context.status, registry, inbox)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(memory.run(), name="memory")
        for name, broker in brokers.items():
            link = keep_connected(
                f"MQTT broker {name}{' at ' if name else ''}{addresses[name].host}:{addresses[name].port}",
                partial(broker.session, partial(driver.get_topics, name)),
                on_state=partial(report.set_broker, name),
            )
            tasks.create_task(link, name=f"broker {name}")
        tasks.create_task(report.run(), name="status")
        tasks.create_task(_serve_bus(context, registry, driver), name="bus")


async def _serve_bus(context: Context, registry: Registry, driver: Driver) -> None:
    """Wait for what the services need, then serve devices; leaves nothing on the bus."""
    library = cast("Library | None", context.bus_library)
    bus = await open_bus(context.bus_address, library=library)
    controls = Controls(bus)
    publisher = Publisher(
        registry.types,
        controls=controls,
        budget=ConnectionBudget(bus, limit=read_connection_limit(context.config)),
        connect=(context.bus_address, library),
        version=context.version,
        owner=driver,
        new_at_once=read_policy(context.config).max_services,
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bus.wait_lost(), name="bus.lost")
            await controls.open()
            portal_id = await find_portal_id(bus, context.paths.data / "venus" / "unique-id")
            tasks.create_task(controls.run(), name="controls")
            tasks.create_task(controls.run_counters(), name="counters")
            await driver.run(publisher, portal_id)
    finally:
        await publisher.close()
        await controls.close()
        await bus.close()


def _warn_of_certificate(name: str, address: BrokerAddress) -> None:
    """Name the file: what is logged of the connection that cannot be made does not."""
    try:
        check_certificate(address)
    except DefinitionError as error:
        _log.error("MQTT broker %s: %s", name or address.host, error)


def _load_types(context: Context, report: MistakesReport) -> LazyTypes:
    """All types but those of the user's files with mistakes; these are told."""
    types, mistakes = load_with_user_files(context.paths.config / SERVICES)
    report.leave_out(mistakes)
    return apply_locks(types, read_steering(context.config), report.leave_type_out)


def check(context: Context, file: Path | None) -> list[str]:
    """Load configuration and definitions, or only `file` (of services.d or mappings.d); say what is in them.

    Raises:
        DefinitionError: the last mistake of the first file that has some; the others were logged before.
    """
    try:
        return _check(context, file)
    except Mistakes as found:
        *others, last = found.mistakes
        for mistake in others:
            _log.error("%s", mistake)
        raise last from None


def _check(context: Context, file: Path | None) -> list[str]:
    catalogue = Catalogue()
    catalogue.add_built_in()
    catalogue.read_all()
    if file is not None:
        if "devices" in load(file):
            return [f"{len(read_mappings(file, catalogue.types))} mapping rules"]
        catalogue.add(file)
        return [describe_types(catalogue.types)]
    load_library(cast("Library | None", context.bus_library))
    read_policy(context.config)
    steering = read_steering(context.config)
    for path in find_user_files(context.paths.config / SERVICES):
        catalogue.add(path)
    addresses = {"": read_broker(context.arguments, context.config), **read_other_brokers(context.config)}
    for address in addresses.values():
        check_certificate(address)
    mappings = context.paths.config / MAPPINGS
    rules = [rule for path in find_user_files(mappings) for rule in read_mappings(path, catalogue.types)]
    return [
        *(describe_broker(name, address) for name, address in addresses.items()),
        f"types that may steer power: {', '.join(sorted(steering)) or 'none'}",
        describe_types(catalogue.types),
        f"{len(rules)} mapping rules",
    ]


def main() -> int:
    """Run as a daemon; return the exit code."""
    return run(
        Program(
            name=NAME,
            summary="Puts devices that speak MQTT on the D-Bus of Venus OS.",
            main=serve,
            add_arguments=add_arguments,
            check=check,
            expected=(BusLost,),
        )
    )
