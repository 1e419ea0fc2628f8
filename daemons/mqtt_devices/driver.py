"""The shell around the registry: hands it messages and time, and obeys."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Protocol

from daemonkit.ratelimit import Limiter
from daemonkit.supervise import fence
from mqtt_devices.protocol.effects import (
    Answer,
    Effect,
    Expire,
    Note,
    Outcome,
    Plan,
    Remember,
    ServiceKey,
    Subscribe,
    Write,
)
from mqtt_devices.protocol.names import SUBSCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mqtt_devices.broker import Broker
    from mqtt_devices.protocol.inbox import Inbox
    from mqtt_devices.protocol.lazy_types import LazyTypes
    from mqtt_devices.protocol.registry import Registry
    from mqtt_devices.protocol.service_types import PathRule, Value

# Messages handled in one go; then D-Bus and timers get their turn. Some 100 us each here, 2 ms on a small GX.
BATCH = 20
# For an answer of a device to what the user sets. It has to fit into the second after which velib_async gives up,
# because Venus programs stand still until then.
ANSWER_LIMIT_S = 0.7
# Log lines: a boot with fifty devices passes at once; a client that floods gets two lines a second.
_LINES_PER_S = 2.0
_LINES_AT_ONCE = 300.0
# Of these, lines that say the same again may take half: devices that register anew each minute are usual.
_ROUTINE_PART = 0.5

_log = logging.getLogger("mqtt_devices")


class ServicesPort(Protocol):
    """What the driver needs of the publisher."""

    async def apply(self, plan: Plan) -> Outcome:
        """Carry out a plan."""

    def write(self, write: Write) -> None:
        """Set values."""

    def expire(self, expire: Expire) -> None:
        """Treat values as too old."""


class Driver:
    """Moves effects out and events in.

    Args:
        registry: decides.
        brokers: the connections to the devices, by name.
        inbox: where the brokers put messages.
        arrived: is set when there is one.
        types: the service types, which are read when messages name them.
        on_remember: called when what the registry remembers has changed.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        brokers: Mapping[str, Broker],
        inbox: Inbox,
        arrived: asyncio.Event,
        types: LazyTypes,
        on_remember: Callable[[], None],
    ) -> None:
        self._registry = registry
        self._brokers = brokers
        self._inbox = inbox
        self._arrived = arrived
        self._types = types
        self._on_remember = on_remember
        self._services: ServicesPort | None = None
        self._work: asyncio.TaskGroup | None = None
        self._log_limiter = Limiter(_LINES_PER_S, _LINES_AT_ONCE)
        self._routine_limiter = Limiter(_LINES_PER_S * _ROUTINE_PART, _LINES_AT_ONCE * _ROUTINE_PART)
        self._lines_left_out = 0
        self._deadline_changed = asyncio.Event()
        self._asked: dict[tuple[ServiceKey, str], asyncio.Future[bool]] = {}
        self._awaited: float | None = None  # what the timer waits for

    def get_topics(self, broker: str = "") -> list[str]:
        """What to subscribe on a new connection to a broker; what is to be published then is queued."""
        effects = self._registry.reconnect(broker)
        self._obey(effect for effect in effects if not isinstance(effect, Subscribe))
        return [*SUBSCRIPTIONS, *(effect.topic for effect in effects if isinstance(effect, Subscribe))]

    def restore(self, records: Iterable[object]) -> None:
        """Take over what was remembered before a restart; before anything else."""
        self._obey(self._registry.restore(records))

    def hear(self, key: ServiceKey) -> None:
        """A device has written a reading over D-Bus."""
        self._obey(self._registry.heard(key, time.monotonic()))
        self._watch_deadline()

    def lose(self, key: ServiceKey) -> None:
        """A service has lost its connection."""
        self._registry.lost(key, time.monotonic())
        self._watch_deadline()

    def is_told_again(self, key: ServiceKey, rule: PathRule) -> bool:
        """Whether a device is to hear of a write of the value that a path has already."""
        return self._registry.is_told_again(key, rule, time.monotonic())

    async def ask(self, key: ServiceKey, rule: PathRule, value: Value) -> bool:
        """Tell a device what the user sets; whether it may be. Without an answer in time it may."""
        place = (key, rule.path)
        if (former := self._asked.get(place)) is not None and not former.done():
            former.set_result(True)  # superseded
        if not self._registry.is_awaited(key, rule):
            self._obey(self._registry.change(key, rule, value, time.monotonic()))
            self._registry.unanswered(key, rule)
            return True
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked[place] = answer
        self._obey(self._registry.change(key, rule, value, time.monotonic()))
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                return await answer
        except TimeoutError:
            self._registry.unanswered(key, rule)
            return True
        finally:
            if self._asked.get(place) is answer:
                del self._asked[place]

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
            self._arrived.clear()
            while len(self._inbox):
                for _ in range(BATCH):
                    message = self._inbox.pop()
                    if message is None:
                        break
                    with fence(f"a message on {message.topic[:100]!a}"):
                        for name in self._types.find_unread(message.payload):
                            # Beside the loop, which else would stand still: 10 to 40 ms here, ten times that on a GX.
                            await asyncio.to_thread(self._types.read, name)
                        self._obey(self._registry.receive(message, time.monotonic()))
                self._watch_deadline()
                await asyncio.sleep(0)
            await self._arrived.wait()

    async def _retry(self) -> None:
        while True:
            self._deadline_changed.clear()
            self._awaited = deadline = self._registry.deadline
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
        self._watch_deadline()

    def _watch_deadline(self) -> None:
        """Wake the timer when it would wake too late."""
        deadline = self._registry.deadline
        if deadline is not None and (self._awaited is None or deadline < self._awaited):
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
            elif isinstance(effect, Expire):
                if self._services is not None:
                    self._services.expire(effect)
            elif isinstance(effect, Answer):
                if (answer := self._asked.get((effect.key, effect.path))) is not None and not answer.done():
                    answer.set_result(effect.is_accepted)
            elif isinstance(effect, Remember):
                self._on_remember()
            elif broker := self._brokers.get(effect.broker):
                # Otherwise it is one that was configured before the last restart.
                broker.send(effect)

    def _write_log(self, note: Note) -> None:
        now = time.monotonic()
        if (note.is_routine and not self._routine_limiter.allow(now)) or not self._log_limiter.allow(now):
            self._lines_left_out += 1
            return
        if self._lines_left_out:
            text = "%d lines about messages left out: more than %g a second"
            _log.warning(text, self._lines_left_out, _LINES_PER_S)
            self._lines_left_out = 0
        _log.log(logging.WARNING if note.is_warning else logging.INFO, "%s", note.text)
