"""Wires the parts of obd-server together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from typing import TYPE_CHECKING, Any

from daemonkit.errors import DaemonError
from daemonkit.program import Program
from daemonkit.yamlfile import load
from obd_server.access import Rules, is_loopback
from obd_server.config import Config, read_config
from obd_server.definition_file import load_rates, load_services
from obd_server.memory import Memory
from obd_server.options import add_arguments
from obd_server.own_pids import load_own
from obd_server.protocol.trip import Trip
from obd_server.publisher import Publisher
from obd_server.token_file import read_token
from obd_server.values import Values
from obd_server.vehicle import Vehicle, VehicleFiles
from obd_server.vehicle_service import VehicleService
from obdio.snapshot import Remembered
from velib_async import BusLost, open_bus
from velib_async.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from daemonkit.context import Context
    from obd_server.own_pids import OwnPid
    from obd_server.protocol.reading import Reading
    from obdio.snapshot import Snapshot

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
        rules = Rules(_own_names(config), frozenset(config.allowed_origins), read_token(token_file))
        files = VehicleFiles(audit=state / "obd-server-audit.jsonl", units_cache=state / "obd-units")
        self._car = Vehicle(config, rules, files, own, rates)
        self._values = Values(self._car.period_s)
        self._memory = Memory(state / "obd-server.json")
        self._trip = Trip()
        self._trip.restore(self._memory.get("trip"))
        self._definitions = load_services()
        self._publishers: dict[str, Publisher] = {}
        self._snapshot: Snapshot | None = None
        self._is_announced = False
        self._wanted: asyncio.Queue[str] = asyncio.Queue()
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
        async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            settings_bus = await open_bus(self._context.bus_address, library=_library(self._context))
            stack.push_async_callback(settings_bus.close)
            settings = await Settings.open(settings_bus, on_change=self._on_setting)
            stack.push_async_callback(settings.close)
            vehicle = VehicleService(
                await self._bus(tasks),
                settings,
                version=self._context.version,
                own={name: (pid.path, pid.unit) for name, pid in self._own.items() if pid.path},
            )
            stack.push_async_callback(vehicle.close)
            await vehicle.open(self._port)
            stack.push_async_callback(self._finish)
            tasks.create_task(settings_bus.wait_lost(), name="settings bus")
            tasks.create_task(self._serve(), name="web server")
            tasks.create_task(self._publish(vehicle), name="publish")
            tasks.create_task(self._make_services(tasks, settings), name="services")
            for key in self._memory.get("services") or ():
                self._wanted.put_nowait(key)
            remembered = self._memory.get("link") or {}
            self._car.open(
                Remembered(remembered.get("protocol"), remembered.get("baudrate")),
                on_readings=self._on_readings,
                on_link=self._on_link,
                on_remember=lambda found: self._memory.put(
                    "link", {"protocol": found.protocol, "baudrate": found.baudrate}
                ),
            )
            self._car.want((*TRIP_COMMANDS, *self._own))

    async def _bus(self, tasks: asyncio.TaskGroup) -> Any:
        bus = await open_bus(self._context.bus_address, library=_library(self._context))
        tasks.create_task(bus.wait_lost(), name="bus")
        return bus

    async def _serve(self) -> None:
        try:
            await self._car.serve()
        except OSError as error:
            raise DaemonError(str(error)) from None

    async def _make_services(self, tasks: asyncio.TaskGroup, settings: Settings) -> None:
        """Make the service of each key that arrives; one that exists already is left alone."""
        while True:
            key = await self._wanted.get()
            definition = self._definitions.get(key)
            if definition is None or key in self._publishers or key not in self._config.services:
                continue
            publisher = Publisher(definition, await self._bus(tasks), settings, version=self._context.version)
            await publisher.open(self._port, is_connected=self._is_connected)
            for command in publisher.commands:  # what came before this service existed, and may come again in an hour
                reading = self._values.reading(command)
                if reading is not None:
                    publisher.receive(reading)
            self._publishers[key] = publisher
            self._car.want(publisher.commands)
            self._memory.put("services", sorted(self._publishers))

    async def _publish(self, vehicle: VehicleService) -> None:
        was_running = None
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            for publisher in self._publishers.values():
                publisher.tick(self._values, now, is_connected=self._is_connected)
            if not self._car.is_alive:
                raise DaemonError("the adapter's thread ended: see its traceback above")
            figures = self._trip.figures(now, self._tank_l())
            vehicle.tick(self._link(now), figures, self._values, now)
            await self._car.tell_trip(figures)
            running = self._trip.engine_running(now)
            self._memory.put("trip", self._trip.save())
            await self._memory.save(now, at_once=bool(was_running) and not running)
            was_running = running
            self._report()

    async def _finish(self) -> None:
        for publisher in self._publishers.values():
            await publisher.close()
        self._memory.put("trip", self._trip.save())
        await self._memory.save(time.monotonic(), at_once=True)

    def _tank_l(self) -> float | None:
        remaining_m3 = self._publishers["tank"].value("/Remaining") if "tank" in self._publishers else None
        return None if remaining_m3 is None else float(remaining_m3) * 1000.0

    @property
    def _is_connected(self) -> bool:
        return self._snapshot is not None and self._snapshot.status == "Car Connected"

    def _link(self, now: float) -> dict[str, Any]:
        known = self._snapshot
        return {
            "/Connected": int(self._is_connected),
            "/State": known.state.value if known else "starting",
            "/Reason": known.reason if known else "",
            "/Protocol": known.protocol_name if known else "",
            "/Voltage": known.voltage_v if known else None,
            "/EngineRunning": self._trip.engine_running(now),
        }

    def _report(self) -> None:
        known = self._snapshot
        port = self._car.port
        address = f"http://{_shown_host(self._config.host)}:{port}/" if port else None
        if address is not None and not self._is_announced:
            self._is_announced = True
            logger.info("dashboard at %s", address)
        self._context.status.update(
            vehicle=known.state.value if known else "starting",
            reason=known.reason if known else "",
            voltage=known.voltage_v if known else None,
            dashboard=address,
            clients=self._car.rights.count,
            services=sorted(self._publishers),
        )

    def _on_readings(self, readings: list[Reading]) -> None:
        for reading in readings:
            self._values.receive(reading)
            self._trip.receive(reading.name, reading.value, reading.received)
            for publisher in self._publishers.values():
                publisher.receive(reading)

    def _on_link(self, snapshot: Snapshot) -> None:
        was = self._snapshot
        self._snapshot = snapshot
        if snapshot.status == "Car Connected" and (was is None or was.supported != snapshot.supported):
            for key, definition in self._definitions.items():
                if any(command in snapshot.supported for command in definition.needs):
                    self._wanted.put_nowait(key)

    def _on_setting(self, path: str, value: Any) -> None:
        for publisher in self._publishers.values():
            publisher.on_setting(path, value)


def _library(context: Context) -> Any:
    return context.bus_library


def _own_names(config: Config) -> frozenset[str]:
    name = socket.gethostname().lower()
    own = {"localhost", "venus.local", name, name.split(".")[0], f"{name.split('.')[0]}.local"}
    return frozenset(own | {allowed.lower() for allowed in config.allowed_hosts})


def _shown_host(host: str) -> str:
    """Return the host of an address that a person can type."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - only compared
        return f"{socket.gethostname()}"
    return host if is_loopback(host) or ":" not in host else f"[{host}]"


def _read(context: Context) -> tuple[Config, dict[str, OwnPid]]:
    return read_config(context.config, context.arguments, load_services()), load_own(context.paths.config / OWN_PIDS)


async def main(context: Context) -> None:
    """Run the daemon until it is cancelled."""
    config, own = _read(context)
    for name in ("pint", "uvicorn", "engineio", "socketio"):
        logging.getLogger(name).setLevel(logging.ERROR)
    await Server(context, config, own).run()


def check(context: Context, file: Path | None) -> list[str]:
    """Load everything, or only file: obd-pids.yml or obd-server.yml by its name. Raises DefinitionError."""
    if file is None:
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
