"""The service of the client itself: starting a scan, and following it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from daemonkit.errors import DaemonError, LinkLost
from daemonkit.supervise import fence
from daemonkit.tty import claim_tty
from modbus_client.connection import OWNER
from modbus_client.devicelist import list_name
from modbus_client.layout import ItemSpec, Layout
from modbus_client.network import hosts_to_scan, local_interfaces
from modbus_client.protocol.spec import DeviceSpec, Endpoint
from modbus_client.publisher import PROCESS_NAME, Publisher

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from modbus_client.configuration import Configuration
    from modbus_client.devicelist import DeviceList
    from modbus_client.fleet import Fleet
    from modbus_client.house import House
    from modbus_client.protocol.spec import Method

NO_PRODUCT = 0xFFFF
AUTO_SCAN_S = 600.0
"""Between two scans for what is missing, where AutoScan is on: often enough for a device that got another address."""

_log = logging.getLogger(__name__)


class ScanService:
    """com.victronenergy.modbusclient.*: write 1 to /Scan to start, 0 to stop; /ScanProgress is None when idle."""

    def __init__(self, config: Configuration, fleet: Fleet, devices: DeviceList, house: House) -> None:
        self._config = config
        self._fleet = fleet
        self._devices = devices
        self._house = house
        self._publisher: Publisher | None = None
        self._task: asyncio.Task[None] | None = None
        self.ttys: list[str] = []
        self.mode: Method = "rtu"
        self.rates: list[int] = []
        self.found = 0
        self.on_enable: Callable[[str, Any], Awaitable[bool]] | None = None

    async def open(self, name: str) -> None:
        """Register the service. Raises NameTaken."""
        layout = Layout()
        layout.add(ItemSpec("/Scan", "int", 0, None, True, 0, 1))
        layout.add(ItemSpec("/ScanProgress", "int", None, "{} %".format))
        mandatory = {
            "process_name": PROCESS_NAME,
            "process_version": self._house.version,
            "connection": "Modbus",
            "device_instance": 0,
            "product_id": NO_PRODUCT,
            "product_name": "Modbus client",
        }
        self._publisher = await Publisher.open(
            name,
            address=self._house.bus_address,
            library=self._house.bus_library,
            layout=layout,
            mandatory=mandatory,
            write=self._write,
        )

    async def close(self) -> None:
        """Stop a scan, and take the service off the bus."""
        await self.stop()
        if self._publisher is not None:
            await self._publisher.close()

    def list_device(self, *items: ItemSpec) -> None:
        """Show a device that announced itself."""
        for item in items:
            if self._publisher is not None:
                self._publisher.add(item, self._write)

    async def _write(self, path: str, value: Any) -> bool:
        if path.startswith("/Devices/") and self.on_enable is not None:
            return await self.on_enable(path.split("/")[2], value)
        if path != "/Scan":
            return False
        if value:
            self.start(full=False)
        else:
            await self.stop()
        return True

    def start(self, *, full: bool) -> asyncio.Task[None]:
        """Start a scan in the background, unless one runs; return the one that runs."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._scan(full=full), name="scan")
        return self._task

    async def run(self, *, now: bool, full: bool, must_find: bool, period_s: float = AUTO_SCAN_S) -> None:
        """Scan `now` if asked to, and every `period_s` while something is missing and AutoScan is on; until cancelled.

        Raises DaemonError when there `must_find` be something, and after the first scan there is no device at all.
        """
        name = list_name(self.ttys[0]) if self.ttys else "tcp"
        if now or (not self._fleet.units and self._devices.auto_scan(name)):
            await asyncio.wait([self.start(full=full)])  # also over when somebody stops it
            if must_find and not self.found and not self._fleet.units:
                raise DaemonError("the scan found nothing, and nothing is configured or saved (-x)")
        while True:
            await asyncio.sleep(period_s)
            units = self._fleet.units
            if self._devices.auto_scan(name) and not (units and all(unit.is_up for unit in units)):
                self.start(full=False)

    async def stop(self) -> None:
        """End a scan that runs; what it has found stays."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _scan(self, *, full: bool) -> None:
        """Scan the serial lines that are served, and the network when there are none."""
        from modbus_client.scanner import Scanner  # noqa: PLC0415 - memory; most daemons never scan

        self.found = 0
        scanner = Scanner(self._fleet.catalogue, self._on_found, self._on_progress)
        self._publish({"/Scan": 1})
        try:
            with fence("the scan"):
                if self.ttys:
                    await scanner.scan_serial(await self._endpoints(), self._fleet.driver_of, full=full)
                else:
                    hosts = hosts_to_scan(await local_interfaces(), self._config.scan_networks)
                    specs = [*(unit.config.spec for unit in self._fleet.units), *self._devices.held]
                    await scanner.scan_network(hosts, {(spec.method, spec.target) for spec in specs})
        finally:
            self._publish({"/Scan": 0, "/ScanProgress": None})

    async def _endpoints(self) -> list[Endpoint]:
        ttys = [tty for tty in [await self._claim(tty) for tty in self.ttys] if tty]
        specs = [DeviceSpec(self.mode, tty, 1, 0) for tty in ttys]
        rates = self.rates or self._fleet.catalogue.rates(DeviceSpec(self.mode, "tty", 1, 0))
        return [DeviceSpec(spec.method, spec.target, rate, 0).endpoint() for spec in specs for rate in rates]

    async def _claim(self, tty: str) -> str | None:
        """Return the device behind a tty, as the lines that are served have it; None when it cannot be had."""
        config = self._config
        try:
            port = await claim_tty(tty, OWNER, take=config.take_tty, allow_built_in=config.allow_builtin_port)
        except LinkLost as error:
            _log.warning("not scanned: %s", error)
            return None
        return str(port)

    async def _on_found(self, spec: DeviceSpec) -> None:
        self.found += 1
        _log.info("found %s", spec)
        await self._devices.save(list_name(spec.target) if spec.is_serial else "tcp", [spec])

    def _on_progress(self, done: int, count: int) -> None:
        self._publish({"/ScanProgress": 100 * done // max(1, count)})

    def _publish(self, values: dict[str, Any]) -> None:
        if self._publisher is not None:
            self._publisher.publish(values)
