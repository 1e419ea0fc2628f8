"""Wires the parts of obd-server together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from daemonkit.errors import DaemonError
from daemonkit.program import Program
from daemonkit.yamlfile import load
from obd_server.access import Rules
from obd_server.config import Config, read_config
from obd_server.definition_file import load_rates, load_services
from obd_server.display_units import read_system
from obd_server.link_readings import LAST_CONTACT, readings_of
from obd_server.memory import Memory
from obd_server.network_names import own_names, shown_address
from obd_server.options import add_arguments
from obd_server.own_pids import load_own
from obd_server.protocol.reading import Reading
from obd_server.protocol.trip import Trip
from obd_server.services import Services
from obd_server.token_file import read_token
from obd_server.values import Values
from obd_server.vehicle import Vehicle, VehicleFiles
from obd_server.vehicle_service import VehicleService
from obdio.snapshot import Remembered, Snapshot
from velib_async import BusLost, open_bus
from velib_async.bus import load_library
from velib_async.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from daemonkit.context import Context
    from obd_server.own_pids import OwnPid
    from velib_async import Bus

logger = logging.getLogger(__name__)

TICK_S = 1.0
TRIP_COMMANDS = ("RPM", "SPEED", "FUEL_RATE", "MAF", "FUEL_TYPE", "STATUS")
"""What is asked for the trip, the engine signal and the warning lamp, whatever services there are."""
OWN_PIDS = "obd-pids.yml"


class Server:
    """The daemon: one vehicle."""

    def __init__(self, context: Context, config: Config, own: dict[str, OwnPid]) -> None:
        self._context = context
        self._config = config
        self._own = own
        state = context.paths.state
        rates = {**load_rates(), **{name: pid.rate_s for name, pid in own.items()}, **config.rates}
        token_file = context.paths.config / "obd-server.token"
        rules = Rules(own_names(config.allowed_hosts), frozenset(config.allowed_origins), read_token(token_file))
        files = VehicleFiles(audit=state / "obd-server-audit.jsonl", units_cache=state / "obd-units")
        self._car = Vehicle(config, rules, files, own, rates)
        self._values = Values(self._car.period_s)
        self._memory = Memory(state / "obd-server.json")
        self._trip = Trip()
        self._trip.restore(self._memory.get("trip"))
        self._tasks = asyncio.TaskGroup()
        self._services = Services(
            {key: service for key, service in load_services().items() if key in config.services},
            values=self._values,
            version=context.version,
            connection=self._port,
            open_bus=self._open_bus,
            on_made=self._on_made,
        )
        self._snapshot = Snapshot(reason="starting")
        self._is_announced = False
        context.status.update(
            vehicle="starting", adapter=self._port, token_file=str(token_file), page_complete=self._car.page.is_complete
        )

    @property
    def _port(self) -> str:
        return self._config.adapter.port if self._config.adapter else "not configured"

    async def run(self) -> None:
        """Run until cancelled."""
        if self._config.adapter is None:
            logger.warning("no adapter is configured: set adapter: port: in %s", self._context.config.file)
        async with contextlib.AsyncExitStack() as stack, self._tasks:
            settings_bus = await self._open_bus()
            stack.push_async_callback(settings_bus.close)
            settings = await Settings.open(settings_bus, on_change=self._services.on_setting)
            stack.push_async_callback(settings.close)
            own = {name: (pid.path, pid.unit) for name, pid in self._own.items() if pid.path}
            vehicle = VehicleService(await self._open_bus(), settings, version=self._context.version, own=own)
            stack.push_async_callback(vehicle.close)
            await vehicle.open(self._port)
            stack.push_async_callback(self._finish)
            self._car.ask_units = partial(read_system, settings_bus)
            for name, work in (
                ("web server", self._serve()),
                ("publish", self._publish(vehicle)),
                ("services", self._services.run(settings)),
            ):
                self._tasks.create_task(work, name=name)
            self._services.want(self._memory.get("services") or ())
            self._open_vehicle()

    def _open_vehicle(self) -> None:
        remembered = self._memory.get("link") or {}
        self._car.open(
            Remembered(remembered.get("protocol"), remembered.get("baudrate")),
            on_readings=self._on_readings,
            on_link=self._on_link,
            on_remember=lambda found: self._memory.put("link", asdict(found)),
        )
        self._car.want((*TRIP_COMMANDS, *self._own))

    async def _open_bus(self) -> Bus:
        """Open a connection to the bus; losing it ends the daemon."""
        library: Any = self._context.bus_library  # one of its names: the arguments were checked
        bus = await open_bus(self._context.bus_address, library=library)
        self._tasks.create_task(bus.wait_lost(), name="bus")
        return bus

    async def _serve(self) -> None:
        try:
            await self._car.serve()
        except OSError as error:
            raise DaemonError(str(error)) from None

    async def _publish(self, vehicle: VehicleService) -> None:
        was_running = None
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            for reading in readings_of(self._snapshot, now):
                self._values.receive(reading)
            self._services.tick(now)
            if not self._car.is_alive:
                raise DaemonError("the adapter's thread ended: see its traceback above")
            figures = self._trip.figures(now, self._services.tank_l)
            running = self._trip.engine_running(now)
            vehicle.tick(self._snapshot, running, figures, self._values, now)
            await self._car.tell_trip({**figures, "tank": self._services.tank_l})
            self._memory.put("trip", self._trip.save())
            await self._memory.save(now, at_once=bool(was_running) and not running)
            was_running = running
            self._report()

    async def _finish(self) -> None:
        await self._services.close()
        self._memory.put("trip", self._trip.save())
        await self._memory.save(time.monotonic(), at_once=True)

    def _report(self) -> None:
        known, port = self._snapshot, self._car.port
        address = shown_address(self._config.host, port) if port else None
        if address is not None and not self._is_announced:
            self._is_announced = True
            logger.info("dashboard at %s", address)
        self._context.status.update(
            vehicle=known.state.value,
            reason=known.reason,
            voltage=known.voltage_v,
            dashboard=address,
            clients=self._car.rights.count,
            services=self._services.keys,
            devices=int(known.status == "Car Connected"),
        )

    def _on_readings(self, readings: list[Reading]) -> None:
        for reading in readings:
            self._values.receive(reading)
            self._trip.receive(reading.name, reading.value, reading.received)
            self._services.receive(reading)
        if any(reading.value is not None for reading in readings):
            self._values.receive(Reading(LAST_CONTACT, int(time.time()), float("inf")))  # stays true for ever

    def _on_link(self, snapshot: Snapshot) -> None:
        was, self._snapshot = self._snapshot, snapshot
        self._services.is_connected = snapshot.status == "Car Connected"
        if self._services.is_connected and was.supported != snapshot.supported:
            self._services.want_supported(snapshot.supported)

    def _on_made(self, commands: frozenset[str]) -> None:
        self._car.want(commands)
        self._memory.put("services", self._services.keys)


def _read(context: Context) -> tuple[Config, dict[str, OwnPid]]:
    return read_config(context.config, context.arguments, load_services()), load_own(context.paths.config / OWN_PIDS)


async def main(context: Context) -> None:
    """Run the daemon until it is cancelled."""
    config, own = _read(context)
    for name in ("pint", "uvicorn"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # A traceback for each packet that is none: anybody could fill the log.
    for name in ("engineio.server", "socketio.server"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    await Server(context, config, own).run()


def check(context: Context, file: Path | None) -> list[str]:
    """Load everything, or only file: obd-pids.yml or obd-server.yml by its name. Raises DefinitionError."""
    if file is None:
        load_library(context.bus_library)  # type: ignore[arg-type] # checked by argparse
        config, own = _read(context)
        load_rates()
        return [f"adapter: {config.adapter.port if config.adapter else 'none'}", f"{len(own)} own PIDs"]
    if "pids" in file.name:
        return [f"{file}: {len(load_own(file))} own PIDs"]
    read_config(load(file), context.arguments, load_services())
    return [f"{file}: good"]


PROGRAM = Program(
    name="obd-server",
    summary="A vehicle's OBD-II port on Socket.IO, on a dashboard page and on Venus' D-Bus",
    main=main,
    add_arguments=add_arguments,
    check=check,
    expected=(BusLost,),
)
