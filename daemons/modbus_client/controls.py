"""What other programs write to a device's service, and what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.effects import Answered
from modbus_client.protocol.job import State
from modbus_client.protocol.setpoint import SetPoint
from modbus_client.protocol.vreglink import READ_FAILED, WRITE_FAILED, Window
from modbus_client.protocol.writing import run_command, set_power_limit, write_register

if TYPE_CHECKING:
    from modbus_client.driver import LineDriver
    from modbus_client.protocol.device import Device
    from modbus_client.protocol.functions import PowerLimit
    from modbus_client.protocol.prepare import Prepared
    from modbus_client.protocol.register import Register
    from modbus_client.protocol.steps import Steps

LIMIT = "/Ac/PowerLimit"
ANSWER_LIMIT_S = 0.9
"""Venus programs wait for SetValue; within a second they are told, whatever the device does."""
LIMIT_REFRESH_S = 60.0
"""A SunSpec inverter drops a limit after the 120 s that are written with it."""

_log = logging.getLogger(__name__)


class Controls:
    """The writes of one device. `vreg_*` answer VregLink, `write` everything else that a device itself carries out."""

    def __init__(self, device: Device, line: LineDriver, name: str, limit_hold_s: float = 0.0) -> None:
        self._device = device
        self._line = line
        self._name = name
        self._limit_hold_s = limit_hold_s
        self._waiting: dict[int, asyncio.Future[Answered]] = {}
        self._registers: dict[str, Register] = {}
        self._prepared: Prepared | None = None
        self.set_point: SetPoint | None = None
        self.limit_w: float | None = None  # what the set point stands for
        self.last_refusal = ""

    def use(self, prepared: Prepared, registers: list[Register]) -> None:
        """Write to this device from now on."""
        if self._prepared is not None and self._prepared.ident != prepared.ident:
            self.set_point = self.limit_w = None  # another inverter: what the one before was told is not for it
        self._prepared = prepared
        named = [(path, r) for r in registers if r.write is not None for path in (r.path, *r.aliases) if path]
        self._registers = dict(named)
        limit = prepared.definition.power_limit
        if limit is not None and self.set_point is None:
            self.set_point = SetPoint(limit.interval_s, limit.safe_percent, self._limit_hold_s, LIMIT_REFRESH_S)

    def answered(self, effect: Answered) -> None:
        """Take in the end of a conversation."""
        waiting = self._waiting.pop(effect.ticket, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(effect)

    def handles(self, path: str) -> bool:
        """Tell whether a path is written to the device, not to the settings."""
        commands = self._prepared.definition.commands if self._prepared else ()
        return path in self._registers or path == LIMIT or any(c.path == path for c in commands)

    async def write(self, path: str, value: Any, rated_w: float | None = None) -> bool | None:
        """Write a value; True once the device has taken it, None when it has and the value is not to be shown."""
        prepared = self._prepared
        if prepared is None:
            return False
        if path == LIMIT:
            return await self._limit(prepared, value, rated_w)
        for command in prepared.definition.commands:
            if command.path == path:
                taken = await self._ask(run_command(command, value), path) is not None
                return None if taken and command.momentary else taken
        register = self._registers[path]
        block = prepared.definition.vreg_block
        poll = self._device.poll
        scale = poll.scale_of(register) if poll else None
        steps = write_register(register, value, scale, Window(*block) if block else None)
        if await self._ask(steps, path) is None:
            return False
        if self._device.poll is not None:
            self._device.poll.hurry(path, time.monotonic())
        return True

    async def _limit(self, prepared: Prepared, value: Any, rated_w: float | None) -> bool:
        limit, set_point = prepared.definition.power_limit, self.set_point
        if limit is None or set_point is None or not rated_w or value is None:
            self.last_refusal = "/Ac/PowerLimit: the rated power of the inverter is not known"
            return False
        percent, self.limit_w = self._percent(limit, float(value), rated_w), float(value)
        if not set_point.ask(percent, time.monotonic()):
            return not set_point.is_failing  # written by `tick` when the device is ready for another one
        return await self.command_limit(percent)

    def renew_limit(self) -> None:
        """Keep a limit that nobody has to write again; else the safe one would follow after `limit_hold`."""
        if self.set_point is not None:
            self.set_point.renew(time.monotonic())

    async def force_limit(self, limit_w: float, rated_w: float) -> bool:
        """Write a limit now, whenever the last one was: for the end of the program."""
        limit = self._prepared.definition.power_limit if self._prepared else None
        if limit is None or self.set_point is None:
            return False
        self.set_point.wanted = self._percent(limit, limit_w, rated_w)
        return await self.command_limit(self.set_point.wanted)

    @staticmethod
    def _percent(limit: PowerLimit, limit_w: float, rated_w: float) -> float:
        return min(100.0, max(limit.minimum_percent, 100.0 * limit_w / rated_w))

    async def command_limit(self, percent: float) -> bool:
        """Write the power limit now."""
        limit = self._prepared.definition.power_limit if self._prepared else None
        if self._prepared is None or limit is None or self.set_point is None:
            return False
        chain = self._prepared.facts.get("chain", {})
        base = next((chain[model] for model in limit.model if model in chain), None)
        if limit.model and base is None:
            self.last_refusal = "/Ac/PowerLimit: the inverter has no model for it"
            return False
        answer = await self._ask(set_power_limit(limit, percent, base or 0), LIMIT)
        if answer is None:
            self.set_point.failed(time.monotonic())
            return False
        self.set_point.wrote(percent, time.monotonic())
        return True

    async def tick(self) -> bool | None:
        """Write a limit that was kept back, or has to be renewed; tell whether the device took it, None if none was."""
        if self.set_point is None or self._device.state is not State.POLLING:
            return None
        asked, percent = self.set_point.wanted, self.set_point.due(time.monotonic())
        if self.set_point.wanted != asked:
            self.limit_w = None  # nobody asks for it any more
        return None if percent is None else await self.command_limit(percent)

    async def vreg_get(self, vreg: int) -> bytes:
        """Answer GetVreg: two bytes of status, then the data."""
        return await self._vreg(READ_FAILED, lambda window: window.get(vreg))

    async def vreg_set(self, vreg: int, data: bytes) -> bytes:
        """Answer SetVreg."""
        return await self._vreg(WRITE_FAILED, lambda window: window.set(vreg, data))

    async def _vreg(self, failed: int, make: Any) -> bytes:
        block = self._prepared.definition.vreg_block if self._prepared else None
        if block is None:
            return failed.to_bytes(2, "big")
        answer = await self._ask(make(Window(*block)), "VregLink")
        result = answer.result if answer is not None else None
        status, data = result if isinstance(result, tuple) else (failed, b"")
        return int(status).to_bytes(2, "big") + bytes(data)

    async def _ask(self, steps: Steps[Any], what: str) -> Answered | None:
        """Hold a conversation; None when it failed, which is logged and shown in the status."""
        deadline = time.monotonic() + ANSWER_LIMIT_S
        ticket, effects = self._device.talk(steps, deadline)
        future = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = future
        for effect in effects:
            if isinstance(effect, Answered):
                self.answered(effect)
        self._line.wake()
        answer = Answered(ticket, f"no answer within {ANSWER_LIMIT_S} s")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_LIMIT_S):
                answer = await future
        self._waiting.pop(ticket, None)
        if not answer.error:
            return answer
        self.last_refusal = f"{what}: {answer.error}"
        repeats = what == LIMIT and self.set_point is not None and self.set_point.is_failing
        _log.log(logging.DEBUG if repeats else logging.WARNING, "%s: %s", self._name, self.last_refusal)
        return None
