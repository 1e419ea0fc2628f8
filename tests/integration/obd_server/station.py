"""obd-server on a simulated GX, with an emulated vehicle."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from simulators.obd.vehicle import Vehicle
from simulators.peers.dbus import DBusDaemon
from simulators.peers.mosquitto import Mosquitto
from simulators.peers.port import HeldPort
from simulators.peers.process import MissingProgramError, Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Command = Callable[..., list[str]]

REPOSITORY = Path(__file__).parents[3]
LIMIT_S = 60.0
PREFIX = "com.victronenergy."
QUICK = "adapter: {protocol: '6'}"
"""Saves the search, three seconds in each test."""


def _run_daemon(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "obd_server", *arguments]


def network_address() -> str:
    """Return an address of this machine that is not the loopback's."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError as error:
            raise MissingProgramError(f"this machine has no network: {error}") from None
        return str(probe.getsockname()[0])


class Station:
    """Bus, settings, vehicle and daemon.

    config: text of obd-server.yml; command: how the daemon is run; adapter: a port in place of the emulated vehicle.
    """

    def __init__(
        self,
        directory: Path,
        *,
        config: str = "",
        own_pids: str = "",
        adapter: str = "",
        command: Command | None = None,
    ) -> None:
        self.directory = directory
        self._held = HeldPort()
        self.web_port = self._held.number
        self._config = config
        self._own_pids = own_pids
        self._adapter = adapter
        self._command = command or _run_daemon
        self._stack = ExitStack()
        self.vehicle: Vehicle
        self.bus: DBusDaemon
        self.daemon: Peer

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def conf(self) -> Path:
        """The configuration directory."""
        return self.directory / "data/conf/venus-daemons"

    @property
    def token(self) -> str:
        """The secret for the network."""
        return (self.conf / "obd-server.token").read_text().strip()

    @property
    def status(self) -> dict[str, Any]:
        """What the daemon writes for `venus-daemons status`."""
        path = self.directory / "run/obd-server.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._held)
            self.conf.mkdir(parents=True, exist_ok=True)
            (self.conf / "obd-server.yml").write_text(f"{QUICK}\n{self._config}")
            if self._own_pids:
                (self.conf / "obd-pids.yml").write_text(self._own_pids)
            self.bus = stack.enter_context(DBusDaemon())
            broker = stack.enter_context(Mosquitto())
            if not self._adapter:
                self.vehicle = stack.enter_context(Vehicle())
            gx = Peer("gx", self._gx(broker.port), env=self.environment())
            stack.enter_context(gx)
            gx.wait_output("is up on")
            self.daemon = stack.enter_context(Peer("obd-server", self.daemon_command(), env=self.environment()))
            self.daemon.wait_output("dashboard at")
            if not self._adapter:
                self.daemon.wait_output("vehicle link: car")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def daemon_command(self) -> list[str]:
        """Return the command line of the daemon."""
        adapter = self._adapter or self.vehicle.port
        return self._command("-b", self.bus.address, "-p", adapter, "--listen-port", str(self.web_port))

    def _gx(self, mqtt_port: int) -> list[str]:
        gx = [sys.executable, "-m", "simulators.gx", "--dbus", self.bus.address, "--mqtt-port", str(mqtt_port)]
        return [*gx, "--portal-id", "c0619ab00000", "--settings", str(self.directory / "settings.xml")]

    def environment(self) -> Mapping[str, str]:
        """Return the environment of everything that belongs to this station."""
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(REPOSITORY / part) for part in (".", "lib", "daemons")),
            "VENUS_DAEMONS_DATA": str(self.directory / "data"),
            "VENUS_DAEMONS_RUN": str(self.directory / "run"),
            "VENUS_DAEMONS_LOG": str(self.directory / "log"),
        }


class Reader:
    """Reads and writes services on the bus, by the names' ends: "tank.obd_fuel"."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._bus: MessageBus

    async def __aenter__(self) -> Self:
        self._bus = await MessageBus(bus_address=self._address).connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._bus.disconnect()

    async def names(self) -> set[str]:
        """Return the services of Venus that there are."""
        body = await self._call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ListNames")
        return {name.removeprefix(PREFIX) for name in body[0] if name.startswith(PREFIX)}

    async def items(self, service: str) -> dict[str, Any]:
        """Return all values of a service; None for unknown."""
        body = await self._call(PREFIX + service, "/", "com.victronenergy.BusItem", "GetItems")
        return {path: None if (value := item["Value"].value) == [] else value for path, item in body[0].items()}

    async def write(self, service: str, path: str, value: Any) -> int:
        """Write a value; returns SetValue's answer."""
        body = await self._call(
            PREFIX + service, path, "com.victronenergy.BusItem", "SetValue", "v", [Variant(_signature(value), value)]
        )
        return int(body[0])

    async def until(self, service: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the values of a service fulfil condition, LIMIT_S at most; returns them."""
        seen: dict[str, Any] = {}
        try:
            async with asyncio.timeout(LIMIT_S):
                while True:
                    if service in await self.names():
                        seen = await self.items(service)
                        if condition(seen):
                            return seen
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(f"{service} never got there: {seen}") from None

    async def _call(  # noqa: PLR0917 - the parts of a call, in D-Bus' own order
        self, destination: str, path: str, interface: str, member: str, signature: str = "", body: Any = ()
    ) -> list[Any]:
        message = Message(
            destination=destination, path=path, interface=interface, member=member, signature=signature, body=list(body)
        )
        reply = await self._bus.call(message)
        assert reply is not None
        assert reply.message_type is not MessageType.ERROR, reply.body
        return list(reply.body)


def _signature(value: object) -> str:
    return "s" if isinstance(value, str) else "d" if isinstance(value, float) else "i"
