"""All devices and lines of this daemon: devices come and go, lines are shared and end with their last device."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from daemonkit.backoff import Backoff
from daemonkit.errors import LinkLost
from daemonkit.tty import find_tty, is_built_in
from modbus_client.configuration import DeviceConfig
from modbus_client.connection import Line, SerialPort
from modbus_client.driver import LineDriver
from modbus_client.protocol.device import Device
from modbus_client.protocol.spec import MAX_PARTS
from modbus_client.recall import recall
from modbus_client.search import find_device
from modbus_client.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modbus_client.configuration import Configuration
    from modbus_client.connection import Tap
    from modbus_client.house import House
    from modbus_client.loader.catalogue import Catalogue
    from modbus_client.protocol.identify import Hook
    from modbus_client.protocol.spec import DeviceSpec, Endpoint, Framing

_log = logging.getLogger(__name__)

SEEK_LIMIT_S = 60.0
SEEK_TIMEOUT_S = 0.5
SEEK_PATIENCE = 3
"""For specs without a unit: each of the usual units is asked a few things, from time to time."""
GRID_FLOOR_S = 0.02
"""No device is polled faster than this: fifty times a second is more than any of them measures."""


@dataclass(slots=True)
class _Member:
    unit: Unit
    task: asyncio.Task[None]


@dataclass(slots=True)
class _Sought:
    line: LineDriver
    task: asyncio.Task[None]


class Fleet:
    """The devices that are served. Use it as a context; what fails for good in a device fails `wait`."""

    def __init__(
        self,
        config: Configuration,
        catalogue: Catalogue,
        hooks: Mapping[str, Hook],
        house: House,
        tap: Tap | None = None,
    ) -> None:
        self.catalogue = catalogue
        self._config = config
        self._hooks = hooks
        self._house = house
        self._tap = tap
        self._members: dict[DeviceSpec, _Member] = {}
        self._lines: dict[Endpoint, tuple[LineDriver, asyncio.Task[None]]] = {}
        self._wires = asyncio.TaskGroup()  # lines outlive devices: at its end a device puts its set point safe
        self._group = asyncio.TaskGroup()
        self._open = AsyncExitStack()
        self._sought: dict[DeviceSpec, _Sought] = {}  # specs without a unit

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._wires)
        self._open.callback(self._end_lines)
        await self._open.enter_async_context(self._group)
        return self

    async def __aexit__(self, *error: object) -> None:
        # By the group, all at once: a device that fails on its way out keeps no other from its own. The group itself
        # cancels when there is an error, and only once: a second time would hit what they do at their end.
        if error[0] is None:
            sought = (sought.task for sought in self._sought.values())
            for task in (*sought, *(member.task for member in self._members.values())):
                task.cancel()
        await self._open.__aexit__(*error)  # type: ignore[arg-type]  # the three of the protocol

    def _end_lines(self) -> None:
        for _, task in self._lines.values():
            task.cancel()

    @property
    def units(self) -> list[Unit]:
        """The devices, in the order in which they came."""
        return [member.unit for member in self._members.values()]

    @property
    def lines(self) -> list[LineDriver]:
        """The connections."""
        return [driver for driver, _ in self._lines.values()]

    def driver_of(self, endpoint: Endpoint) -> LineDriver | None:
        """Return the driver of a line that is in use at this rate, None when the port is free."""
        place = (endpoint.method, endpoint.target, endpoint.number)  # its parity is what is configured
        return next((driver for e, (driver, _) in self._lines.items() if (e.method, e.target, e.number) == place), None)

    def configured(self, spec: DeviceSpec) -> DeviceConfig:
        """Return the configuration of a device, the default one when the file has none."""
        places = (spec, spec.with_unit(0))  # one without unit stands for the unit that is found there
        config = next((device for device in self._config.devices if device.spec in places), DeviceConfig(spec))
        if spec.part == 1:
            return replace(config, spec=spec)
        whole = self.configured(spec.with_part(1))  # the line, and the pace unless something else is configured
        if config not in self._config.devices:
            config = replace(config, fast_age_s=whole.fast_age_s, age_s=whole.age_s, silence_s=whole.silence_s)
        return replace(config, spec=spec, framing=whole.framing, model=config.model or whole.model)

    async def add(self, spec: DeviceSpec) -> None:
        """Serve a device from now on; one that is served already stays as it is."""
        if spec in self._members or spec in self._sought:
            return
        config = self.configured(spec)
        if spec.is_serial and not self._config.allow_builtin_port and is_built_in(spec.target):
            _log.error("%s is a port of the board; set allow_builtin_port if it really is free for Modbus", spec)
            return
        if config.model is not None and config.model not in self.catalogue.definitions:
            _log.error("%s: there is no definition %s; see --models", spec, config.model)
            return
        line = self._line(spec, config.framing)
        if not spec.unit:
            task = self._group.create_task(self._seek(spec, line), name=f"seek {spec}")
            self._sought[spec] = _Sought(line, task)
            return
        device = Device(
            spec=spec,
            candidates=self.catalogue.choice(spec, config.model),
            hooks=self._hooks,
            now=time.monotonic(),
            options=config.options,
            floor_s=0.0 if config.continuous else GRID_FLOOR_S,
            silence_s=config.silence_s,
        )
        device.prepared = recall(self._house.memory.devices.get(str(spec)), self.catalogue.definitions)
        unit = Unit(config, device, line, self._house)
        task = self._group.create_task(unit.run(), name=f"device {spec}")
        self._members[spec] = _Member(unit, task)

    async def _seek(self, spec: DeviceSpec, line: LineDriver) -> None:
        """Find the unit of a spec that names none, however long that takes, and serve it."""
        backoff = Backoff(first_s=2.0, limit_s=SEEK_LIMIT_S)
        while True:
            found = await find_device(line, spec, self.catalogue, timeout_s=SEEK_TIMEOUT_S, patience=SEEK_PATIENCE)
            if found is not None:
                _log.info("%s is unit %d", spec, found[0])
                del self._sought[spec]
                await self.add(spec.with_unit(found[0]))
                return
            await asyncio.sleep(backoff.next_delay())

    async def _add_chain(self, unit: Unit) -> None:
        """Serve the other devices of a SunSpec chain, too, each as a device of its own."""
        prepared, spec = unit.device.prepared, unit.config.spec
        parts = prepared.facts.get("parts", 1) if prepared and spec.part == 1 else 1
        for part in range(2, min(parts, MAX_PARTS) + 1):
            await self.add(spec.with_part(part))

    async def remove(self, spec: DeviceSpec) -> None:
        """Serve a device no more: its service leaves the bus; its line is closed when it was the last there."""
        sought = self._sought.pop(spec, None)
        if sought is not None:
            await _cancel(sought.task)
            await self._release(sought.line)
        member = self._members.pop(spec, None)
        if member is not None:
            await _cancel(member.task)
            await self._release(member.unit.line)

    async def _release(self, driver: LineDriver) -> None:
        """Close a line on which nothing is served or looked for any more: others may want its tty."""
        used = [sought.line for sought in self._sought.values()]
        used += [member.unit.line for member in self._members.values()]
        if driver in used or driver.line.endpoint not in self._lines:
            return
        _, task = self._lines.pop(driver.line.endpoint)
        await _cancel(task)

    async def use(self, catalogue: Catalogue) -> None:
        """Use other definitions from now on: every device is identified anew."""
        self.catalogue = catalogue
        for spec in list(self._members):
            await self.remove(spec)
            await self.add(spec)

    def _line(self, spec: DeviceSpec, framing: Framing) -> LineDriver:
        endpoint, serial_port = spec.endpoint(framing), None
        if endpoint.is_serial:
            config = self._config
            serial_port = SerialPort(endpoint.target, config.take_tty, config.allow_builtin_port)
            endpoint = _resolve(endpoint)
        if endpoint not in self._lines:
            line = Line(endpoint, gap_s=self._config.gap_s, tap=self._tap, serial_port=serial_port)
            driver = LineDriver(line, idle_close_s=self._config.idle_close_s)
            task = self._wires.create_task(driver.run(), name=f"line {endpoint}")
            self._lines[endpoint] = (driver, task)
        return self._lines[endpoint][0]

    async def tick(self) -> None:
        """Do what is due once a second: what the devices have, and what is to be remembered."""
        for unit in self.units:
            await self._add_chain(unit)
            await unit.tick()
        memory = self._house.memory
        if memory.is_due:
            await asyncio.to_thread(memory.write, memory.take())


def _resolve(endpoint: Endpoint) -> Endpoint:
    """Follow a link to the tty. One that is not there may still come; then it is opened by its link."""
    try:
        return replace(endpoint, target=str(find_tty(endpoint.target)))
    except LinkLost as error:
        _log.warning("%s", error)
        return endpoint


async def _cancel(task: asyncio.Task[None]) -> None:
    """End a task; if it failed before, its group tells."""
    task.cancel()
    await asyncio.wait([task])
