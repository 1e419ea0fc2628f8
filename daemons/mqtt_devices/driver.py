"""The shell around the registry: hands it messages and time, and obeys."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Protocol

from daemonkit.ratelimit import Limiter
from daemonkit.supervise import fence
from mqtt_devices.protocol.effects import Effect, Note, Outcome, Plan, ServiceKey, Subscribe, Write
from mqtt_devices.protocol.names import SUBSCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mqtt_devices.broker import Broker
    from mqtt_devices.protocol.inbox import Inbox
    from mqtt_devices.protocol.registry import Registry

# Messages handled in one go; then D-Bus and timers get their turn. Some 100 us each here, 2 ms on a small GX.
BATCH = 20
# Log lines: a boot with fifty devices passes at once; a client that floods gets two lines a second.
_LINES_PER_S = 2.0
_LINES_AT_ONCE = 300.0

_log = logging.getLogger("mqtt_devices")


class ServicesPort(Protocol):
    """What the driver needs of the publisher."""

    async def apply(self, plan: Plan) -> Outcome:
        """Carry out a plan."""

    def write(self, write: Write) -> None:
        """Set values."""


class Driver:
    """Moves effects out and events in.

    Args:
        registry: decides.
        broker: the connection to the devices.
        inbox: where the broker puts messages.
    """

    def __init__(self, registry: Registry, *, broker: Broker, inbox: Inbox) -> None:
        self._registry = registry
        self._broker = broker
        self._inbox = inbox
        self._services: ServicesPort | None = None
        self._work: asyncio.TaskGroup | None = None
        self._log_limiter = Limiter(_LINES_PER_S, _LINES_AT_ONCE)
        self._deadline_changed = asyncio.Event()

    def get_topics(self) -> list[str]:
        """What to subscribe on a new connection."""
        last_wills = [effect.topic for effect in self._registry.reconnect() if isinstance(effect, Subscribe)]
        return [*SUBSCRIPTIONS, *last_wills]

    def lose(self, key: ServiceKey) -> None:
        """A service has lost its connection."""
        self._obey(self._registry.lost(key))

    async def run(self, services: ServicesPort, portal_id: str) -> None:
        """Serve devices until cancelled. Messages that came before are handled now."""
        self._services = services
        async with asyncio.TaskGroup() as work:
            self._work = work
            work.create_task(self._read_inbox(), name="driver.inbox")
            work.create_task(self._retry(), name="driver.retry")
            self._obey(self._registry.start(portal_id))

    async def _read_inbox(self) -> None:
        while True:
            self._broker.arrived.clear()
            while len(self._inbox):
                for _ in range(BATCH):
                    message = self._inbox.pop()
                    if message is None:
                        break
                    with fence(f"a message on {message.topic[:100]!a}"):
                        self._obey(self._registry.receive(message, time.monotonic()))
                await asyncio.sleep(0)
            await self._broker.arrived.wait()

    async def _retry(self) -> None:
        while True:
            self._deadline_changed.clear()
            deadline = self._registry.deadline
            delay_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                async with asyncio.timeout(delay_s):
                    await self._deadline_changed.wait()
            except TimeoutError:
                self._obey(self._registry.tick(time.monotonic()))

    async def _carry_out(self, plan: Plan) -> None:
        if self._services is None:
            raise RuntimeError("the driver is not running")
        outcome = await self._services.apply(plan)
        self._obey(self._registry.applied(outcome, time.monotonic()))
        self._deadline_changed.set()

    def _obey(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Note):
                self._write_log(effect)
            elif isinstance(effect, Plan):
                if self._work is not None:
                    self._work.create_task(self._carry_out(effect), name=f"plan {effect.client_id}")
            elif isinstance(effect, Write):
                if self._services is not None:
                    self._services.write(effect)
            else:
                self._broker.send(effect)

    def _write_log(self, note: Note) -> None:
        skipped = self._log_limiter.refused
        if not self._log_limiter.allow(time.monotonic()):
            return
        if skipped:
            _log.warning("%d lines about messages left out: more than %g a second", skipped, _LINES_PER_S)
        _log.log(logging.WARNING if note.is_warning else logging.INFO, "%s", note.text)
