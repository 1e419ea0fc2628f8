"""What the adapter's thread does: one step at a time, always the most urgent. Blocks; knows no thread."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from obdio.adapter import MAX_PIDS, Adapter
from obdio.errors import LinkLost, NotConnected, Refused
from obdio.guard import UNGUARDED, BatteryGuard, GuardState
from obdio.link import Action, Link, LinkState
from obdio.schedule import Schedule
from obdio.snapshot import Remembered, Snapshot
from obdio.table import CLEAR

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from obdio.table import Table
    from obdio.worker import WorkerSettings

logger = logging.getLogger(__name__)

SETTLE_S = 1.0
"""Pause between closing and opening the same adapter, which is still resetting."""
UNSUPPORTED_S = 60.0
"""A wanted command that the vehicle does not have is looked at again so much later."""
GUARD_RPM_S = 10.0
"""The battery guard wants the engine speed so often while anything else is polled."""
GUARD = "battery guard"
SEARCH_EVERY = 3
"""What is remembered may be wrong now (another vehicle), so every third try searches."""
NEVER = float("inf")


@dataclass(slots=True)
class Sinks:
    """Who is told; called in the adapter's thread, must return at once and not raise."""

    responses: Callable[[list[Any]], None] = lambda _: None
    link: Callable[[Snapshot], None] = lambda _: None
    remember: Callable[[Remembered], None] = lambda _: None


class Driver:
    """Polls, opens, and guards one adapter. Only its own thread may call it."""

    def __init__(
        self, settings: WorkerSettings, table: Table, sinks: Sinks, *, publish: Callable[[Snapshot], None],
        stopping: threading.Event,
    ) -> None:  # fmt: skip
        self.table = table
        self.adapter = Adapter(settings.adapter, table, settings.before_open)
        self.link = Link(BatteryGuard(settings.guard or UNGUARDED))
        self.link.reopen(time.monotonic() + settings.settle_s)
        if settings.first_pause_s is not None:
            self.link.first_pause_s = settings.first_pause_s
        self.schedule = Schedule(settings.period_s)
        self.remembered = settings.remembered
        self.snapshot = Snapshot(port=settings.adapter.port)
        self.is_polling = True
        self._forced: set[str] = set()
        self._is_guarded = settings.guard is not None
        self._sinks = sinks
        self._tell = publish
        self._stopping = stopping

    def step(self) -> float:
        """Do what is due; returns until when there is nothing to do (seconds of the monotonic clock)."""
        now = time.monotonic()
        action, until = self.link.next_action(now)
        self.publish()
        if action is Action.POLL:
            names = self._due(now)
            if not names:
                next_due = self.schedule.next_due() if self.is_polling else None
                return min(NEVER if next_due is None else next_due, self.link.voltage_due)
            self._poll(names)
        elif action is Action.OPEN:
            self._open()
            self.publish()
        elif action is Action.READ_VOLTAGE:
            self._read_voltage()
        return until if action is Action.WAIT else now

    def query(self, name: str) -> Any:
        """Ask the vehicle now."""
        command = self.ready(name)
        response, spoke = self.adapter.query(command)
        self._note([response], time.monotonic(), spoke=spoke)
        return response

    def ready(self, name: str) -> Any:
        """Return the command called name if it may be asked now. Raises UnknownCommand, NotConnected or Refused."""
        command = self.table.find(name)
        if self.link.state not in (LinkState.CAR, LinkState.ASLEEP):
            raise NotConnected(f"{self.link.state.value}: {self.link.reason}")
        if self.link.guard.state is GuardState.STOPPED:
            raise Refused(f"asleep: {self.link.guard.reason}")
        return command

    def clear_codes(self) -> Any:
        """Erase trouble codes if engine and vehicle certainly stand still: a hybrid also drives with its engine off."""
        command = self.ready(CLEAR)
        for name in ("RPM", "SPEED") if "SPEED" in self.snapshot.supported else ("RPM",):
            response, spoke = self.adapter.query(self.ready(name))
            if not spoke:
                raise NotConnected("the vehicle does not answer")
            if response.value is None or response.value.magnitude > 0:
                raise Refused(
                    f"the engine runs or the vehicle moves, or {name} is not known: "
                    "codes are cleared at rest, with ignition on and engine off"
                )
        response, _ = self.adapter.query(command, clear=True)
        if not response.messages:
            raise Refused("the vehicle did not confirm that codes were cleared")
        return response

    def want(self, owner: object, names: list[str], period_s: float | None) -> None:
        """Poll names for owner from now on."""
        now = time.monotonic()
        for name in names:
            if not self.schedule.want(owner, name, now, period_s):
                raise Refused("too many commands are watched")
        if self._is_guarded:
            self.schedule.want(GUARD, "RPM", now, GUARD_RPM_S)

    def drop(self, owner: object, names: list[str] | None) -> None:
        """Stop polling names, or everything, for owner."""
        self.schedule.drop(owner, names)
        if self.schedule.names == ["RPM"]:
            self.schedule.drop(GUARD)  # which wants it only beside others; the next want brings it back

    def force(self, command: Any) -> None:
        """Poll command when it is wanted, whether the vehicle lists it or not. Raises Refused."""
        self.table.add(command)
        self._forced.add(command.name)
        self.schedule.asked_again(command.name, time.monotonic())

    def sleep(self) -> None:
        """Put the adapter into low power and leave it alone until reconnect()."""
        if self.link.state in (LinkState.NO_PORT, LinkState.CLOSED):
            raise NotConnected(f"{self.link.state.value}: {self.link.reason}")
        self.adapter.sleep()
        self.link.close("the adapter is in low power: normal_power() wakes it")
        self.publish()

    def disconnect(self) -> None:
        """Close the port and stay away from it."""
        self.adapter.terms.is_cancelled = False
        self.adapter.close()
        self.link.close("closed on request")
        self.publish()

    def reconnect(self) -> None:
        """Open the port at the next step, or a little later when it has to be closed first."""
        self.adapter.terms.is_cancelled = False
        settle_s = SETTLE_S if self.adapter.is_open else 0.0
        self.adapter.close()
        self.link.reopen(time.monotonic() + settle_s)

    def lose(self, lost: LinkLost) -> None:
        """Note that the adapter is gone."""
        self.link.lost(str(lost), time.monotonic())
        self.publish()

    def finish(self, reason: str) -> None:
        """Close for good; the adapter is reset."""
        self.adapter.terms.is_cancelled = False
        self.adapter.close()
        self.link.close(reason)
        self.publish()

    def publish(self) -> None:
        """Tell about the state if it changed."""
        link, known, adapter = self.link, self.snapshot, self.adapter
        self.snapshot = known.seen(
            link, port=adapter.port, protocol_id=adapter.protocol_id, protocol_name=adapter.protocol_name
        )
        if self.snapshot == known:
            return
        if known.state is not link.state:
            logger.info("vehicle link: %s (%s)", link.state.value, link.reason)
        self._tell(self.snapshot)
        self._sinks.link(self.snapshot)

    def _open(self) -> None:
        if self.link.state is not LinkState.NO_PORT:
            self.adapter.close()
            if self._stopping.wait(SETTLE_S):
                return
        tries = self.snapshot.tries
        use = Remembered() if tries % SEARCH_EVERY == SEARCH_EVERY - 1 else self.remembered
        opened = self.adapter.open(use.protocol, use.baudrate)
        self.link.opened(opened.state, opened.reason, time.monotonic())
        if opened.state is not LinkState.CAR:
            self.snapshot = replace(self.snapshot, tries=tries + 1)
            return
        self.snapshot = replace(self.snapshot, tries=0, supported=opened.supported)
        self.schedule.all_due(time.monotonic())
        found = Remembered(self.adapter.protocol_id, self.adapter.baudrate)
        if found != self.remembered:
            self.remembered = found
            self._sinks.remember(found)

    def _read_voltage(self) -> None:
        try:
            self.link.voltage(self.adapter.voltage_v(), time.monotonic())
        except LinkLost as lost:
            self.lose(lost)

    def _due(self, now: float) -> list[str]:
        """Return the commands for the next request: one, or several that fit together."""
        names = []
        for name in self.schedule.due(now, MAX_PIDS) if self.is_polling else ():
            if name in self.snapshot.supported or name in self._forced:
                names.append(name)
            else:
                self.schedule.asked([name], now + UNSUPPORTED_S)
        batch = [name for name in names if self.adapter.is_batchable(self.table.find(name))]
        return batch if len(batch) > 1 and self.adapter.can_batch(()) else names[:1]

    def _poll(self, names: list[str]) -> None:
        try:
            responses, spoke = self.adapter.query_several([self.table.find(name) for name in names])
            now = time.monotonic()
            self.schedule.asked(names, now)
            self._note(responses, now, spoke=spoke)
            if self.link.is_doubtful:
                # It may be only one command that gets no answer: ask for what every vehicle answers.
                _, spoke = self.adapter.query(self.table.find("PIDS_A"))
                self._note([], time.monotonic(), spoke=spoke)
        except LinkLost as lost:
            self.lose(lost)

    def _note(self, responses: list[Any], now: float, *, spoke: bool | None) -> None:
        if spoke:
            self.link.answered()
        elif spoke is not None:
            self.link.unanswered(now)
        for response in responses:
            if response.command.name == "RPM":
                rpm = None if response.value is None else float(response.value.magnitude)
                self.link.guard.see_rpm(rpm, now)
        if responses:
            self._sinks.responses(responses)
