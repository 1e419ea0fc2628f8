"""Looking for devices: gently on the network, and on serial lines between the requests of those that are polled."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from modbus_client.connection import Line
from modbus_client.protocol.errors import NoAnswer
from modbus_client.protocol.spec import MAX_UNIT, DeviceSpec, Endpoint
from modbus_client.search import find_device, find_neighbours

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from modbus_client.driver import LineDriver
    from modbus_client.loader.catalogue import Catalogue
    from modbus_client.protocol.spec import Method

    Progress = Callable[[int, int], None]
    Found = Callable[[DeviceSpec], Awaitable[None]]

PORT = 502
PARALLEL = 8
"""Hosts that are asked at the same time."""
HOSTS_PER_S = 20.0
"""New hosts a second: switches and weak WiFi links are not flooded with address resolution."""
NET_TIMEOUT_S = 0.25
SERIAL_TIMEOUT_S = 0.2
NET_PATIENCE = 3
"""Silent requests after which a host that accepts connections is left: a printer, a web server."""
SERIAL_PATIENCE = 2
"""One lost request must not hide a unit; a full scan of a silent line takes 247 x 2 x 0.2 s."""
BUS_PAUSE_S = 0.1
"""Between two units of a line on which others are polled."""

_log = logging.getLogger(__name__)


class Scanner:
    """Scans; each find is handed to `found` at once, `progress` gets (done, all)."""

    def __init__(
        self, catalogue: Catalogue, found: Found, progress: Progress, *, net_timeout_s: float = NET_TIMEOUT_S
    ) -> None:
        self._catalogue = catalogue
        self._net_timeout_s = net_timeout_s
        self._found = found
        self._progress = progress
        self._done = 0
        self._all = 0

    async def scan_network(self, hosts: list[str], known: set[tuple[str, str]], port: int = PORT) -> int:
        """Ask hosts over TCP and UDP, except (method, host) pairs that are known; return how many were found."""
        targets = [(method, host) for host in hosts for method in ("tcp", "udp") if (method, host) not in known]
        self._begin(len(targets))
        gate, count = asyncio.Semaphore(PARALLEL), 0

        async def ask(method: Method, host: str) -> int:
            try:
                return await self._ask_host(DeviceSpec(method, host, port, 0))
            finally:
                gate.release()
                self._step()

        async with asyncio.TaskGroup() as group:
            tasks = []
            for method, host in targets:
                await gate.acquire()
                tasks.append(group.create_task(ask(method, host), name=f"scan {method}:{host}"))  # type: ignore[arg-type]  # literals
                await asyncio.sleep(1 / HOSTS_PER_S)
        count = sum(task.result() for task in tasks)
        _log.info("network scan: %d hosts asked, %d devices found", len(hosts), count)
        return count

    async def _ask_host(self, spec: DeviceSpec) -> int:
        with contextlib.closing(Line(spec.endpoint())) as line:
            wait_s = self._net_timeout_s
            found = await find_device(line, spec, self._catalogue, timeout_s=wait_s, patience=NET_PATIENCE)
            if found is None:
                return 0
            place, match = spec.with_unit(found[0]), found[1]
            await self._found(place)
            count = 1
            with contextlib.suppress(NoAnswer):
                async for unit in find_neighbours(line, place, match, timeout_s=wait_s, patience=NET_PATIENCE):
                    await self._found(spec.with_unit(unit))
                    count += 1
        return count

    async def scan_serial(
        self, endpoints: list[Endpoint], driver_of: Callable[[Endpoint], LineDriver | None], *, full: bool
    ) -> int:
        """Ask the default units on each endpoint (one tty at one rate), or all units; return how many were found.

        A tty is done with its first rate that finds something: all units of a line have the same rate.
        """
        spec_of = {endpoint: DeviceSpec(endpoint.method, endpoint.target, endpoint.number, 0) for endpoint in endpoints}
        units = {e: list(_units(self._catalogue.units(spec), full=full)) for e, spec in spec_of.items()}
        self._begin(sum(map(len, units.values())))
        answered: set[str] = set()
        count = 0
        for endpoint, spec in spec_of.items():
            if endpoint.target in answered:
                self._step(len(units[endpoint]))
                continue
            found = await self._ask_units(spec, endpoint, units[endpoint], driver_of(endpoint))
            if found:
                answered.add(endpoint.target)
                count += found
        _log.info("serial scan: %d devices found", count)
        return count

    async def _ask_units(
        self, spec: DeviceSpec, endpoint: Endpoint, units: list[int], driver: LineDriver | None
    ) -> int:
        own = Line(endpoint)  # not opened while the driver has the port
        count = 0
        with contextlib.closing(own):
            for unit in units:
                asked, who = spec.with_unit(unit), driver or own
                found = await find_device(
                    who, asked, self._catalogue, timeout_s=SERIAL_TIMEOUT_S, patience=SERIAL_PATIENCE
                )
                if found is not None:
                    count += 1
                    await self._found(asked)
                self._step()
                if driver is not None:
                    await asyncio.sleep(BUS_PAUSE_S)
        return count

    def _begin(self, count: int) -> None:
        self._done, self._all = 0, count
        self._progress(0, count)

    def _step(self, count: int = 1) -> None:
        self._done += count
        self._progress(self._done, self._all)


def _units(default: list[int], *, full: bool) -> Iterator[int]:
    yield from default
    if full:
        yield from (unit for unit in range(1, MAX_UNIT + 1) if unit not in default)
