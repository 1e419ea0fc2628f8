"""One VE.Bus system for ever: opens the line, finds out who is there, polls, and starts again after any trouble.

CLOSED    the tty cannot be opened, or is gone            -> tries again, ever more slowly
ASLEEP    the tty is there and nobody answers             -> asks at both speeds until somebody does
STARTING  an interface answers                            -> identifies the system
RUNNING   readings arrive                                 -> until the line ends, the device boots, or all is silent
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from mk2.connection import VEBusConnection
from mk2.errors import LinkLost, NoReply, PortBusy, Refused
from mk2.frames.bus import WAKE, Boot
from mk2.identity import Identity, identify
from mk2.jobs import JobOptions, plan_jobs
from mk2.knowledge import Knowledge
from mk2.line import SLOW_BAUD
from mk2.poller import Poller
from mk2.schedule import Schedule
from mk2.session import VEBusSession
from mk2.speed import speed_up, wait_for_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mk2.frames.interface import Version
    from mk2.frames.record import Record
    from mk2.line import Line

log = logging.getLogger(__name__)

SILENCE_S = 5.0
"""No reply for so long: the bus sleeps or the selected address is lost, and all begins anew."""

REOPEN_S = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses between attempts to open the tty; the last one repeats."""


class LinkState(Enum):
    """How far the conversation has come."""

    CLOSED = "closed"
    ASLEEP = "asleep"
    STARTING = "starting"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """How to talk to a system.

    Attributes:
        cycle_s: shortest time between two readings of the powers; 0 for as fast as the wire allows.
        pipelining: have several requests under way.
        probe_info: find out whether two info requests may be under way.
        probe_devices: look for more than one device.
        high_speed: switch an MK3 to 115200 baud. It stays there until it loses power.
        jobs: what to poll.
    """

    cycle_s: float = 0.0
    pipelining: bool = True
    probe_info: bool = True
    probe_devices: bool = True
    high_speed: bool = False
    jobs: JobOptions = field(default_factory=JobOptions)


class VEBusSystem:
    """Runs one system.

    Args:
        open_line: opens the wire; called again after it has ended.
        give: takes each reading under its name, see `mk2.jobs.plan_jobs`; also "leds".
        on_state: hears of every change of the state.
        options: see `SystemOptions`.

    Attributes:
        state: where we are.
        session, identity, poller: of the system while it is RUNNING, else None.
        knowledge: what was learned of the firmware; may be kept and handed to the next process.
        starts: how often the system was identified.
    """

    def __init__(
        self,
        open_line: Callable[[], Awaitable[Line]],
        give: Callable[[str, object], None],
        *,
        on_state: Callable[[LinkState], None] | None = None,
        options: SystemOptions | None = None,
    ) -> None:
        self.state = LinkState.CLOSED
        self.session: VEBusSession | None = None
        self.identity: Identity | None = None
        self.poller: Poller | None = None
        self.knowledge = Knowledge()
        self.starts = 0
        self.connection: VEBusConnection | None = None
        self._open_line = open_line
        self._give = give
        self._on_state = on_state
        self._options = options or SystemOptions()
        self._restart = asyncio.Event()
        self._keeps_awake = False  # as the last session left it: a device that starts anew forgets the line

    async def run(self) -> None:
        """Run until cancelled."""
        failures = 0
        while True:
            try:
                line = await self._open_line()
            except (LinkLost, PortBusy) as error:
                (log.debug if failures else log.warning)("%s", error)
            else:
                if failures:
                    log.info("%s: open again", line.name)
                failures = 0
                await self._serve(line)
            self._enter(LinkState.CLOSED)
            await asyncio.sleep(REOPEN_S[min(failures, len(REOPEN_S) - 1)])
            failures += 1

    def restart(self) -> None:
        """Find out anew who is there."""
        self._restart.set()

    def wake(self) -> bool:
        """Ask a sleeping bus to wake up, which works while the interface has power; return whether it was sent."""
        if self.connection is None or self.state is not LinkState.ASLEEP:
            return False
        line = self.connection.line
        if not self._options.high_speed:
            with contextlib.suppress(LinkLost):
                line.set_baudrate(SLOW_BAUD)  # while nobody answers both speeds are tried in turn
        log.info("%s: waking the VE.Bus system", line.name)
        self.connection.send(WAKE)
        return True

    def _enter(self, state: LinkState) -> None:
        if state is self.state:
            return
        self.state = state
        if state is not LinkState.RUNNING:
            self._keeps_awake = self._keeps_awake if self.session is None else self.session.keeps_awake
            self.session = self.identity = self.poller = None
        if self._on_state is not None:
            self._on_state(state)

    async def _serve(self, line: Line) -> None:
        """Talk on a line until it ends."""
        async with VEBusConnection(line, on_message=self._hear, on_leds=partial(self._give, "leds")) as connection:
            self.connection = connection
            talk = asyncio.create_task(self._talk(connection), name="mk2 system")
            lost = asyncio.create_task(connection.wait_lost(), name="mk2 line")
            try:
                await asyncio.wait([talk, lost], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (talk, lost):
                    task.cancel()
                await asyncio.wait([talk, lost])
                self.connection = None
            faults = [fault for task in (talk, lost) if not task.cancelled() and (fault := task.exception())]
            for fault in faults:
                if not isinstance(fault, LinkLost):
                    raise fault  # our own: let it be seen
            log.warning("%s; trying to open it again", faults[0] if faults else line.name)

    async def _talk(self, connection: VEBusConnection) -> None:
        while not connection.is_lost:
            self._restart.clear()
            self._enter(LinkState.ASLEEP)
            interface = await wait_for_answer(connection)
            self._enter(LinkState.STARTING)
            if self._options.high_speed and connection.line.baudrate == SLOW_BAUD:
                await speed_up(connection)
            try:
                await self._start(connection, interface)
            except (NoReply, Refused) as error:
                log.debug("%s: starting again: %s", connection.line.name, error)
                continue
            await self._poll(connection)

    async def _start(self, connection: VEBusConnection, interface: Version) -> None:
        session = VEBusSession(connection)
        probe = self._options.probe_info and self._options.pipelining
        identity = await identify(
            session,
            interface=interface,
            knowledge=self.knowledge,
            probe_info=probe,
            probe_devices=self._options.probe_devices,
        )
        if not self._options.pipelining:
            connection.ledger.total.set_limit(1)
        self.starts += 1
        self.session, self.identity = session, identity
        session.keeps_awake = self._keeps_awake
        jobs = plan_jobs(session, identity, self._give, self._options.jobs)
        self.poller = Poller(connection, Schedule(jobs, cycle_s=self._options.cycle_s))
        log.info(
            "%s: interface version %d, device version %d, phases %s, %d device(s)",
            connection.line.name,
            identity.interface.version,
            identity.device.number,
            ",".join(map(str, identity.phases)),
            len(identity.devices),
        )
        self._enter(LinkState.RUNNING)

    async def _poll(self, connection: VEBusConnection) -> None:
        """Poll until the device boots or falls silent."""
        if self.poller is None:
            return
        polling = asyncio.create_task(self.poller.run(), name="mk2 poller")
        restart = asyncio.create_task(self._wait_for_trouble(connection), name="mk2 watch")
        try:
            await asyncio.wait([polling, restart], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (polling, restart):
                task.cancel()
            await asyncio.wait([polling, restart])
            error = None if polling.cancelled() else polling.exception()
        if error is not None and not connection.is_lost:
            raise error

    async def _wait_for_trouble(self, connection: VEBusConnection) -> None:
        loop = asyncio.get_running_loop()
        while not self._restart.is_set():
            silent_s = loop.time() - (connection.last_reply or loop.time())
            if silent_s >= SILENCE_S:
                log.info("%s: no reply for %d s; starting again", connection.line.name, SILENCE_S)
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SILENCE_S - silent_s):
                    await self._restart.wait()

    def _hear(self, message: Record) -> None:
        if isinstance(message, Boot) and self.state is LinkState.RUNNING:
            log.info("the VE.Bus device was powered up; starting again")
            self._restart.set()
