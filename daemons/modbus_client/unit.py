"""One configured device: its machine, its settings, its service. It never disappears, whatever the device does."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from modbus_client.appearance import Appearance, Ends
from modbus_client.controls import Controls
from modbus_client.identity import connection_of, settle
from modbus_client.protocol.effects import Answered, Effect, Found, Measured, Trouble, WentDown, WentUp
from modbus_client.protocol.job import State
from modbus_client.todo import Todo
from velib_async import BusLost, CallError, NameTaken, SettingError

if TYPE_CHECKING:
    from modbus_client.configuration import DeviceConfig
    from modbus_client.driver import LineDriver
    from modbus_client.house import House
    from modbus_client.protocol.device import Device
    from modbus_client.protocol.prepare import Prepared
    from modbus_client.protocol.register import Register
    from modbus_client.publisher import Publisher
    from modbus_client.todo import Work

_log = logging.getLogger(__name__)

MAX_ROLE_NUMBER = 255
RETRY_S = 30.0
"""After localsettings or the bus refused something: whatever is wrong there takes a person or a restart to mend."""
LEAVE_LIMIT_S = 2.0
"""Of a cancelled task for the last command of a set point, which takes one answer of the device."""


class Unit:
    """The shell around one device machine. `handle` takes its effects; `run` does what has to wait for D-Bus."""

    def __init__(self, config: DeviceConfig, device: Device, line: LineDriver, house: House) -> None:
        self.config = config
        self.device = device
        self.line = line
        self.prepared: Prepared | None = None
        self.role = ""
        self._is_down = False  # its silence is known; before that it may just not have been asked yet
        self._is_enabled = True
        self.controls = Controls(device, line, str(config.spec), config.limit_hold_s)
        self.at_end: tuple[float, float] | None = None  # limit and rated power in W: commanded when its service ends
        self._leaving = asyncio.Lock()
        self._house = house
        self._appearance = Appearance(config, house)
        self._registers: list[Register] = []
        self._todo = Todo(str(config.spec))
        self._trouble = ""

    @property
    def publisher(self) -> Publisher | None:
        """Its service; None while it is not known, or disabled."""
        return self._appearance.publisher

    @property
    def is_up(self) -> bool:
        """It answers, and its values are shown."""
        return self._appearance.is_up

    @property
    def ident(self) -> str:
        """The name of its service and settings; empty while the device is not known."""
        return self.prepared.ident if self.prepared else ""

    async def tick(self) -> None:
        """Do what is due once a second: a set point that waited, energy to remember."""
        taken = await self.controls.tick()
        if taken is not None:
            self.publish({"/Ac/PowerLimit": self.controls.limit_w if taken else None})
        self._appearance.remember_energy()

    def publish(self, values: dict[str, Any]) -> None:
        """Show values, if it has a service at this moment."""
        if self.publisher is not None:
            self.publisher.publish(values)

    async def run(self) -> None:
        """Bring the device on the bus, now if it is remembered, and each time it is found. Ends by cancellation."""
        self.line.add(self.device, self.handle)
        try:
            if self.device.prepared is not None:
                self._todo.put(partial(self._establish, self.device.prepared))
            while True:
                await self._attempt(await self._next())
        finally:
            await self.leave()
            self.line.remove(self.device)
            await self._appearance.retire()

    async def leave(self) -> None:
        """Put the set point safe, once: whoever commands it ends. The line has to serve the device until then.

        A cancellation waits for it: when the bus dies, everything ends at once, and this must not be what is given up.
        """
        async with self._leaving:
            limit, self.at_end = self.at_end, None
            if limit is None:
                return
            command = asyncio.ensure_future(self.controls.force_limit(*limit))
            try:
                await asyncio.shield(command)
            except asyncio.CancelledError:
                await asyncio.wait((command,), timeout=LEAVE_LIMIT_S)
                raise

    async def _next(self) -> Work:
        """Wait for something to do; a lost connection of the service is such a thing."""
        try:
            return await self._todo.next(self.publisher)
        except BusLost as error:
            _log.warning("%s: %s; creating the service again", self._label(), error)
            return self._reopen

    async def _reopen(self) -> None:
        """Create the service again; when the whole bus is gone, opening it ends the daemon with BusLost."""
        await self._appearance.retire()
        if self.prepared is not None:
            await self._found(self.prepared)

    async def _attempt(self, work: Work) -> None:
        try:
            await work()
        except (NameTaken, SettingError, CallError) as error:
            self._note(f"cannot be put on D-Bus: {error}; trying again in {RETRY_S:.0f} s")
            asyncio.get_running_loop().call_later(RETRY_S, self._todo.put, work)

    async def _found(self, prepared: Prepared) -> None:
        await self._establish(prepared)
        if self._is_enabled and self.device.state is not State.SEEKING:
            self.device.start(self._registers, time.monotonic())
            self.line.wake()

    def handle(self, effects: list[Effect]) -> None:
        """Take what the machine says."""
        for effect in effects:
            match effect:
                case Measured(readings):
                    self._measured(readings)
                case Answered():
                    self.controls.answered(effect)
                case Found(prepared):
                    self._todo.put(partial(self._found, prepared))
                case WentUp():
                    self._is_down = False
                    _log.info("%s answers", self._label())
                case WentDown(why):
                    _log.warning("%s is silent (%s); asking again from time to time", self._label(), why)
                    self._is_down = True
                    self._appearance.go_down()
                case Trouble(text):
                    self._note(text)

    def _label(self) -> str:
        return f"{self.config.spec} ({self.ident})" if self.prepared else str(self.config.spec)

    def _note(self, text: str) -> None:
        if text and text != self._trouble:
            _log.warning("%s: %s", self._label(), text)
        elif self._trouble and not text:
            _log.info("%s: all right again", self._label())
        self._trouble = text

    # on the bus ----------------------------------------------------------------------------------------------------

    async def _establish(self, prepared: Prepared) -> None:
        """Settle role and instance, and have a service with the right name and items; none while it is disabled."""
        place = await settle(self._house.settings, prepared, self.config)
        known = self.publisher is not None and (self.ident, self.role) == (prepared.ident, place.role)
        self.prepared, self.role = prepared, place.role
        self._is_enabled = place.enabled
        if not known or not place.enabled:
            await self._appearance.retire()
        if not place.enabled:
            self.line.remove(self.device)
            return
        self._registers = self._appearance.begin(prepared, place)
        self.controls.use(prepared, self._registers)
        ends = Ends(self._connection(), self.write, (self.controls.vreg_get, self.controls.vreg_set))
        created = await self._appearance.show(prepared, place, self._registers, ends)
        if created:
            _log.info("%s is %s", self.config.spec, created)
        if self._is_down:
            self._appearance.go_down()

    def _connection(self) -> str:
        return connection_of(self.config, self.line.line.peer)

    def _measured(self, readings: dict[str, Any]) -> None:
        if self._appearance.measured(readings):
            self._todo.put(partial(self._appearance.show_tanks, self._connection()))

    # writes --------------------------------------------------------------------------------------------------------

    async def write(self, path: str, value: Any) -> bool | None:
        """Carry out a SetValue; False refuses it."""
        if path == "/Role":
            return await self._change_role(value)
        if self.controls.handles(path):
            rated_w = self.publisher.value("/Ac/MaxPower") if self.publisher else None
            return await self.controls.write(path, value, rated_w)
        if path in {"/CustomName", "/Position"}:
            await self._house.settings.set(f"/Settings/Devices/{self.ident}{path}", value)
            return True
        return False

    async def _change_role(self, role: Any) -> bool:
        prepared = self.prepared
        if prepared is None or role not in prepared.definition.roles.allowed or self.config.role is not None:
            return False
        if role != self.role:
            path = f"/Settings/Devices/{self.ident}/ClassAndVrmInstance"
            await self._house.settings.set(path, f"{role}:{prepared.definition.roles.instance}")
            self._todo.put(partial(self._found, prepared))
        return True

    def on_setting(self, name: str, value: Any) -> None:
        """Follow a setting of this device that somebody changed."""
        if name == "Enabled" and self.prepared is not None and bool(value) != self._is_enabled:
            if value:
                self.line.add(self.device, self.handle)
            self._todo.put(partial(self._found, self.prepared))
        if self.publisher is None:
            return
        if name in {"CustomName", "Position"}:
            self.publisher.publish({f"/{name}": value})
        elif name == "ClassAndVrmInstance":
            role, _, number = str(value).partition(":")
            if role != self.role and self.prepared is not None:
                self._todo.put(partial(self._found, self.prepared))
            elif number.isdigit() and int(number) <= MAX_ROLE_NUMBER:
                self.publisher.publish({"/DeviceInstance": int(number)})
