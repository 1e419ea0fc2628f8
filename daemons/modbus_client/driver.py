"""Runs one line: asks what is due, hands the outcomes to the devices, and their effects to whoever cares."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from modbus_client.protocol.request import is_silence
from modbus_client.protocol.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from modbus_client.connection import Line
    from modbus_client.protocol.device import Device
    from modbus_client.protocol.effects import Effect
    from modbus_client.protocol.job import Job
    from modbus_client.protocol.request import Outcome, Request

    Handler = Callable[[list[Effect]], None]

LONGEST_SLEEP_S = 60.0
"""A bound for a line on which nothing is due; `wake` ends the sleep anyway."""


class LineDriver:
    """One task per connection: no device waits for another one's connection.

    With `idle_close_s` the connection is closed when nothing is due for so long, for gateways that serve one client.
    """

    def __init__(self, line: Line, *, idle_close_s: float | None = None) -> None:
        self.line = line
        self._idle_close_s = idle_close_s
        self._schedule = Schedule()
        self._handlers: dict[int, Handler] = {}
        self._woken = asyncio.Event()
        self._turn = asyncio.Lock()  # the line is asked by the devices, and by a scan between them
        self._started = time.monotonic()

    @property
    def devices(self) -> list[Device]:
        """The devices on this line."""
        return self._schedule.devices

    @property
    def utilisation(self) -> float:
        """Share of the time in which a request was under way, since the start."""
        return self.line.busy_s / max(0.001, time.monotonic() - self._started)

    def add(self, device: Device, handler: Handler) -> None:
        """Serve a device from now on; `handler` gets its effects."""
        self._schedule.devices.append(device)
        self._handlers[id(device)] = handler
        self.wake()

    def remove(self, device: Device) -> None:
        """Serve a device no more; a request that is under way ends without effect."""
        if device in self._schedule.devices:
            self._schedule.devices.remove(device)
            del self._handlers[id(device)]

    def wake(self) -> None:
        """Look again at what is due: something was asked for from outside."""
        self._woken.set()

    @property
    def is_open(self) -> bool:
        """There is a connection."""
        return self.line.is_open

    async def ask(self, unit: int, request: Request, timeout_s: float) -> Outcome:
        """Make one request between those of the devices."""
        async with self._turn:
            return await self.line.ask(unit, request, timeout_s)

    async def run(self) -> None:
        """Serve the line until cancelled."""
        try:
            while True:
                turn = self._schedule.take(time.monotonic())
                if turn is None:
                    await self._sleep()
                else:
                    await self._serve(*turn)
        finally:
            self.line.close()

    async def _serve(self, device: Device, job: Job) -> None:
        started = time.monotonic()
        outcome = await self.ask(device.spec.unit, job.request, job.timeout_s)
        now = time.monotonic()
        effects = device.done(job, outcome, now - started, now)
        if is_silence(outcome) and not any(each.liveness.is_up for each in self.devices):
            self.line.hang_up()
        handler = self._handlers.get(id(device))
        if handler is not None and effects:
            handler(effects)

    async def _sleep(self) -> None:
        self._woken.clear()
        wait_s = min(LONGEST_SLEEP_S, max(0.0, self._schedule.wake_at() - time.monotonic()))
        idle_s = self._idle_close_s
        if idle_s is not None and wait_s >= idle_s and self.line.is_open:
            self.line.close()
        try:
            async with asyncio.timeout(wait_s):
                await self._woken.wait()
        except TimeoutError:
            return
