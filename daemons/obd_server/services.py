"""The services of the definition file: made once the vehicle is known to have what they show, then kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from obd_server.publisher import Publisher

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from obd_server.protocol.definition import ServiceDefinition
    from obd_server.protocol.reading import Reading
    from obd_server.values import Values
    from velib_async import Bus
    from velib_async.settings import Settings


class Services:
    """definitions: those that are switched on. open_bus: gives a connection of its own for each service."""

    def __init__(
        self,
        definitions: Mapping[str, ServiceDefinition],
        *,
        values: Values,
        version: str,
        connection: str,
        open_bus: Callable[[], Awaitable[Bus]],
        on_made: Callable[[frozenset[str]], None],
    ) -> None:
        self._definitions = definitions
        self._values = values
        self._version = version
        self._connection = connection
        self._open_bus = open_bus
        self._on_made = on_made
        self._publishers: dict[str, Publisher] = {}
        self._wanted: asyncio.Queue[str] = asyncio.Queue()
        self.is_connected = False

    @property
    def keys(self) -> list[str]:
        """The services that there are."""
        return sorted(self._publishers)

    def want(self, keys: Iterable[str]) -> None:
        """Make these services, of which some may be unknown or there already."""
        for key in keys:
            if key in self._definitions:
                self._wanted.put_nowait(key)

    def want_supported(self, commands: frozenset[str]) -> None:
        """Make the services that show something of commands."""
        self.want(key for key, known in self._definitions.items() if commands.intersection(known.needs))

    async def run(self, settings: Settings) -> None:
        """Make each service that is wanted. Raises NameTaken, SettingError, BusLost."""
        while True:
            key = await self._wanted.get()
            if key not in self._publishers:
                await self._make(key, settings)

    async def _make(self, key: str, settings: Settings) -> None:
        publisher = Publisher(self._definitions[key], await self._open_bus(), settings, version=self._version)
        await publisher.open(self._connection, is_connected=self.is_connected)
        for command in publisher.commands:  # what came before this service existed, and may come again in an hour
            reading = self._values.reading(command)
            if reading is not None:
                publisher.receive(reading)
        self._publishers[key] = publisher
        self._on_made(publisher.commands)

    def receive(self, reading: Reading) -> None:
        """Take a value."""
        for publisher in self._publishers.values():
            publisher.receive(reading)

    def tick(self, now: float) -> None:
        """Publish what is known now."""
        for publisher in self._publishers.values():
            publisher.tick(self._values, now, is_connected=self.is_connected)

    def on_setting(self, path: str, value: Any) -> None:
        """Take over a setting that somebody changed in localsettings."""
        for publisher in self._publishers.values():
            publisher.on_setting(path, value)

    @property
    def tank_l(self) -> float | None:
        """Litres in the tank, None when not known."""
        remaining_m3 = self._publishers["tank"].value("/Remaining") if "tank" in self._publishers else None
        return None if remaining_m3 is None else float(remaining_m3) * 1000.0

    async def close(self) -> None:
        """Take them off the bus."""
        for publisher in self._publishers.values():
            await publisher.close()
