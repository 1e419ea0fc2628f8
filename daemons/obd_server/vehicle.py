"""The vehicle and its Socket.IO server: the only file that uses obdio's server."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from daemonkit.errors import DaemonError
from daemonkit.tty import claim_tty
from obd_server.protocol.reading import Reading
from obd_server.rights import Rights
from obd_server.web_page import Gate, Page
from obdio.encoding import plain
from obdio.errors import LinkLost
from obdio.server import OBDio
from obdio.web import WebServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from obd_server.access import Rules
    from obd_server.config import Config
    from obd_server.own_pids import OwnPid
    from obdio.snapshot import Remembered, Snapshot

MAX_PAYLOAD_BYTES = 16_384
"""The longest sensible event, a watch of 64 names, has 2 kB."""
TRIP_TICKS = 5
"""The trip changes slowly."""
OWNER = "D-Bus"
MIL = "MIL"
OWNER_OF_PORT = "obd-server"
CLAIM_LIMIT_S = 40.0
"""Longer than its own limits together."""
DBUS_PERIOD_S = 1.0
"""D-Bus gets at most one value per second, so nothing is asked faster for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleFiles:
    """Where things are kept."""

    audit: Path
    units_cache: Path


class Vehicle:
    """The vehicle: values for the daemon, events and page for clients. Everything here runs in the event loop."""

    def __init__(
        self, config: Config, rules: Rules, files: VehicleFiles, own: dict[str, OwnPid], rates: dict[str, float]
    ) -> None:
        self._config = config
        self._rates = rates
        self.rights = Rights(config, rules, files.audit)
        self._io = OBDio(
            policy=self.rights,
            guard=config.guard,
            own=tuple(pid.spec for pid in own.values()),
            cache_dir=str(files.units_cache),
            period_s=self.period_s,
        )
        self._io.create_server(
            cors_allowed_origins=[],  # Gate decides; this switches python-socketio's own look at it off
            max_http_buffer_size=MAX_PAYLOAD_BYTES,
            ping_interval=10,
            ping_timeout=10,
        )
        self._io.create_event("display_units", self._display_units)
        self.ask_units: Callable[[], Awaitable[str | None]] | None = None
        self.page = Page()
        self._ticks = 0
        self._server = WebServer(Gate(self._io.app(self.page), rules), host=config.host, port=config.port)

    @property
    def is_alive(self) -> bool:
        """Whether the adapter is served; only a bug ends that."""
        return self._io.connection is None or self._io.connection.worker.is_alive

    def period_s(self, name: str) -> float:
        """Return how often a command is asked; the warning lamp comes with STATUS."""
        return self._rates.get("STATUS" if name == MIL else name, self._rates["default"])

    def open(
        self,
        remembered: Remembered,
        *,
        on_readings: Callable[[list[Reading]], None],
        on_link: Callable[[Snapshot], None],
        on_remember: Callable[[Remembered], None],
    ) -> None:
        """Begin to connect; the callbacks come in the event loop."""
        loop = asyncio.get_running_loop()
        self._io.watch_callback = lambda response: on_readings(_readings(response))  # type: ignore[method-assign]
        self._io.on_link = on_link
        self._io.on_remember = lambda found: _in_loop(loop, on_remember, found)
        self._io.remembered = remembered
        if self._config.adapter is not None:
            adapter = self._config.adapter
            if adapter.port.startswith("/"):
                self._io.before_open = partial(_claim, loop, self._config.take_tty)
            self._io.connect_obd(
                adapter.port, adapter.baudrate, adapter.protocol, adapter.fast, check_voltage=adapter.check_voltage
            )

    def want(self, names: Iterable[str]) -> None:
        """Have commands polled for D-Bus from now on."""
        if self._io.connection is not None:
            for name in names:
                self._io.connection.worker.want(OWNER, [name], max(self.period_s(name), DBUS_PERIOD_S))

    async def tell_trip(self, figures: dict[str, float | None]) -> None:
        """Send the trip to the clients, every TRIP_TICKS-th time."""
        self._ticks += 1
        if self.rights.count and self._ticks % TRIP_TICKS == 0:
            await self._io.tell_all("trip", plain(figures))

    async def _display_units(self, sid: str, _data: Any) -> str | None:
        """Answer with the system of units that the GX shows its own values in; None when unknown."""
        return await self.ask_units() if self.ask_units is not None and self.rights.allows(sid) else None

    async def serve(self) -> None:
        """Serve page and events until cancelled. Raises OSError when the address cannot be used."""
        try:
            await self._server.run()
        finally:
            self._io.close()

    @property
    def port(self) -> int | None:
        """The port that is listened on, None before."""
        return self._server.port if self._server.is_listening else None


def _claim(loop: asyncio.AbstractEventLoop, take: bool, port: str) -> None:  # noqa: FBT001 - bound by partial
    """Have Venus leave the port to us; called in the adapter's thread. Raises LinkLost."""
    claim = claim_tty(port, OWNER_OF_PORT, take=take)
    try:
        asyncio.run_coroutine_threadsafe(claim, loop).result(CLAIM_LIMIT_S)
    except DaemonError as error:
        raise LinkLost(str(error)) from None
    except (TimeoutError, CancelledError):
        raise LinkLost(f"{port}: Venus did not let go of it within {CLAIM_LIMIT_S:g} s") from None
    except RuntimeError:  # the loop has just ended
        claim.close()
        raise LinkLost(f"{port}: closed") from None


def _in_loop(loop: asyncio.AbstractEventLoop, call: Callable[[Any], None], argument: Any) -> None:
    loop.call_soon_threadsafe(call, argument)


def _readings(response: Any) -> list[Reading]:
    """Return a response free of python-OBD's types: numbers, texts; of a list of codes the number, of STATUS two."""
    now, name, value = time.monotonic(), response.command.name, response.value
    if name == "STATUS" and value is not None:
        return [Reading(name, float(value.DTC_count), now), Reading(MIL, float(value.MIL), now)]
    magnitude = getattr(value, "magnitude", value)
    if isinstance(magnitude, bytearray | bytes):
        magnitude = magnitude.decode("ascii", "replace")
    elif isinstance(magnitude, list):
        magnitude = len(magnitude)
    known = isinstance(magnitude, int | float | str) and not isinstance(magnitude, bool)
    return [Reading(name, magnitude if known else None, now)]
