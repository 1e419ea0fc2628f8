"""One VE.Bus system on the bus: ties the system, the service, the controls and the memory of energy together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from mk2.budget import EepromBudget
from mk2.control import Control
from mk2.errors import Mk2Error
from mk2.system import LinkState, VEBusSystem
from mk2_bridge.controls import Controls
from mk2_bridge.details import complete_static, read_details, read_static
from mk2_bridge.ess import EssRunner
from mk2_bridge.fixed_values import identity_values
from mk2_bridge.memory import Memory
from mk2_bridge.products import UNKNOWN, load_products
from mk2_bridge.protocol.charge_limit import ChargeLimit
from mk2_bridge.protocol.setpoints import SetPoints
from mk2_bridge.publisher import Publisher
from mk2_bridge.readings import Readings
from mk2_bridge.shape import setpoint_phases, shape_of
from mk2_bridge.tty import open_tty
from mk2_bridge.values import measured_values
from velib_async.errors import BusLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mk2.line import Line
    from mk2_bridge.fixed_values import Static
    from mk2_bridge.options import Options
    from mk2_bridge.shape import Shape
    from velib_async.bus import Bus

log = logging.getLogger(__name__)

PROCESS_NAME = "mk2-bridge"


class Bridge:
    """Publishes one system for as long as it runs.

    Args:
        options: what the user has decided.
        version: of the suite.
        state_file: where energy and the count of EEPROM writes are kept.
        connect: makes a bus connection for the service.
        open_line: opens the wire; for tests, else the tty of the options.
    """

    def __init__(
        self,
        options: Options,
        *,
        version: str,
        state_file: Path,
        connect: Callable[[], Awaitable[Bus]],
        open_line: Callable[[], Awaitable[Line]] | None = None,
    ) -> None:
        self.options = options
        self.readings = Readings()
        self.publisher: Publisher | None = None
        self.device_instance = options.device_instance
        self.custom_name = ""
        self.static: Static | None = None
        self.details: dict[str, Any] = {}
        self.system = VEBusSystem(
            open_line or partial(open_tty, options),
            self._take,
            on_state=self._note_state,
            options=options.system,
        )

        def get_control() -> Control | None:
            return self._control if self._is_ready else None

        charge_limit = ChargeLimit()
        self.controls = Controls(
            get_control,
            permissions=options.permissions,
            charge_limit=charge_limit,
            on_name=self._rename,
            redetect=self.system.restart,
            wake=self.system.wake,
        )
        self.on_name: Callable[[str], Awaitable[None]] | None = None
        self._version = version
        self._connect = connect
        self._bus: Bus | None = None
        self._products = load_products()
        self._budget = EepromBudget(options.eeprom_per_hour, options.eeprom_per_day)
        self._control: Control | None = None
        self._is_ready = False
        self._ess = EssRunner(get_control, self.controls.show_flags)
        self._learning: asyncio.Task[None] | None = None
        self._known = asyncio.Event()
        self.memory = Memory(state_file, self.readings.energy, self._budget, self.system.knowledge, charge_limit)
        self.memory.restore()

    @property
    def name(self) -> str:
        """The service's name."""
        return f"com.victronenergy.vebus.{self.options.unique_name}"

    async def wait_known(self) -> None:
        """Wait until the system has been identified and what is fixed is known."""
        await self._known.wait()

    async def appear(self) -> None:
        """Put the service on the bus.

        Raises:
            NameTaken, BusLost: as the library says.
        """
        if self.static is None:
            return
        shape = shape_of(self.static.identity, has_ess=self.options.ess)
        self._bus = await self._connect()
        identity = self.static.identity
        self.publisher = Publisher(
            self._bus,
            self.name,
            shape=shape,
            mandatory={
                "process_name": PROCESS_NAME,
                "process_version": self._version,
                "connection": "VE.Bus",
                "device_instance": self.device_instance,
                "product_id": identity.device.product_id,
                "product_name": self.options.product_name or self._products.get(identity.device.product_id, UNKNOWN),
                "firmware_version": identity.device.firmware,
            },
            controls=self.controls.make_items(self.custom_name, shape),
        )
        fixed = {**identity_values(self.static), **self.details, "/Interfaces/Mk2/Connection": self.options.tty}
        self.publisher.publish_fixed(fixed)
        self._publish()
        await self.publisher.open()

    async def disappear(self) -> None:
        """Take the service off the bus."""
        publisher, self.publisher = self.publisher, None
        bus, self._bus = self._bus, None
        if publisher is not None:
            await publisher.close()
        if bus is not None:
            await bus.close()

    async def wait_shape_changed(self) -> None:
        """Wait until the system has other phases, devices or assistants than the service shows."""
        while self.publisher is None or self._shape() in (None, self.publisher.shape):
            self._known.clear()
            await self._known.wait()

    async def wait_bus_lost(self) -> None:
        """Wait until the connection of the service has ended."""
        if self._bus is not None:
            with contextlib.suppress(BusLost):
                await self._bus.wait_lost()

    async def publish_for_ever(self) -> None:
        """Publish as often as the service may, until cancelled."""
        while True:
            await asyncio.sleep(1.0 if self.publisher is None else self.publisher.interval_s)
            self._publish()

    async def close(self) -> None:
        """Make set points safe, leave the bus, save. To be called while the line is still open."""
        await self._ess.stop()
        await self.controls.close()
        await self.disappear()
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.wait([self._learning])
        await self.memory.save()

    def _take(self, name: str, reading: object) -> None:
        self.readings.take(name, reading, asyncio.get_running_loop().time())

    def _publish(self) -> None:
        if self.publisher is None or self.static is None:
            return
        is_running = self.system.state is LinkState.RUNNING
        now = asyncio.get_running_loop().time()
        values = measured_values(self.readings, self.static, now)
        shown = {path: value for path, value in values.items() if path in self.publisher.service}
        self.publisher.publish(shown, is_connected=is_running)

    def _note_state(self, state: LinkState) -> None:
        if state is LinkState.RUNNING:
            self._learning = asyncio.create_task(self._learn(), name="mk2-bridge learn")
        else:
            self._is_ready = False
            self.readings.forget()
            self._publish()

    async def _learn(self) -> None:
        """Ask what polling does not; then let the system be seen."""
        session, identity = self.system.session, self.system.identity
        if session is None or identity is None:
            return
        try:
            static = await read_static(session, identity, snapshots=self.options.system.jobs.snapshots)
        except Mk2Error as error:
            log.debug("the system is gone again: %s", error)
            return
        if self.system.session is not session:
            return
        if self._control is None:
            save, options = self.memory.save, self.options
            self._control = Control(session, options.permissions, self._budget, lambda _: save(), options.tty)
        self._control.session = session  # one control over all starts: it knows when the device was last restarted
        self.static = static
        # Zero is written at the end, but never to where another system keeps something else.
        self._is_ready = self._ess.fits(identity)
        await self._ess.stop()
        if self.system.session is not session:
            return  # and whoever learns of the next one says when that is ready
        self._is_ready = True
        has_ess = bool(shape_of(identity, has_ess=self.options.ess).ess_phases)
        if has_ess:
            self._ess.start(SetPoints(setpoint_phases(identity), self.options.ess_max_power_w), identity)
        self.controls.use_ess(self._ess.current)
        self._show_fixed(identity_values(self.static))
        self._known.set()
        static = await complete_static(session, static, has_ess=has_ess)
        limits_charge = self.options.permissions.charge_current and len(identity.devices) == 1
        self.details = await read_details(session, charge_current=limits_charge)
        if self.system.session is not session:
            return
        self.static = static
        self._show_fixed(self.details)

    def _show_fixed(self, values: dict[str, Any]) -> None:
        if self.publisher is not None and self.publisher.shape == self._shape():
            self.publisher.publish_fixed(values)

    def _shape(self) -> Shape | None:
        return None if self.static is None else shape_of(self.static.identity, has_ess=self.options.ess)

    async def _rename(self, name: str) -> None:
        self.custom_name = name
        if self.on_name is not None:
            await self.on_name(name)
