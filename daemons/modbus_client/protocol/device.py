"""One device on a line, as a machine: it says what it wants to ask and when, and is told what came of it.

    SEEKING --identified and prepared--> KNOWN --start(role)--> POLLING
       ^                                                          |
       +------------ silent, changed, or set up anew -------------+

Silence does not end anything: the device goes on asking one cheap thing, ever more seldom, and is prepared anew when it
answers, because what comes back may be another device, or the same one set up differently.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.effects import Answered, Effect, Found, Measured, Trouble, WentDown, WentUp
from modbus_client.protocol.errors import NoAnswer, Unusable, ValueRefused
from modbus_client.protocol.holes import Holes
from modbus_client.protocol.job import FAST, NORMAL, SEEK, WRITE, Counters, Job, State
from modbus_client.protocol.latency import Latency
from modbus_client.protocol.liveness import Liveness
from modbus_client.protocol.poll import Poll, Readings
from modbus_client.protocol.prepare import limits_for
from modbus_client.protocol.request import Failure, Outcome, Reason, Reply, is_silence
from modbus_client.protocol.seek import Candidates, Seek
from modbus_client.protocol.setup import Setup
from modbus_client.protocol.talk import Talk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modbus_client.protocol.identify import Hook
    from modbus_client.protocol.prepare import Prepared
    from modbus_client.protocol.register import Register
    from modbus_client.protocol.spec import DeviceSpec
    from modbus_client.protocol.steps import Steps

MAX_TALKS = 16
"""Writes that may wait for one device; more means that a client writes faster than the line carries."""
UNUSABLE_RETRY_S = 30.0
SEEK_TIMEOUT_S = 0.5
"""How long an unknown device may take for an answer."""
LOST_PAUSE_S = 1.0
"""Without a connection a request fails at once; asking again at once would only heat the processor."""


@dataclass(eq=False)
class Device:
    """The machine. Times are of one monotonic clock; `take` and `done` come in turns."""

    spec: DeviceSpec
    candidates: Candidates
    hooks: Mapping[str, Hook]
    now: float
    options: Mapping[str, Any] = field(default_factory=dict)
    floor_s: float = 0.0
    silence_s: float = 5.0
    state: State = State.SEEKING
    prepared: Prepared | None = None
    poll: Poll | None = None
    counters: Counters = field(default_factory=Counters)
    served_at: float = 0.0
    eligible_since: float | None = None
    liveness: Liveness = field(init=False)
    latency: Latency = field(init=False)
    _talks: deque[Talk] = field(default_factory=deque)
    _seek: Seek = field(init=False)
    _holes: Holes | None = None
    _tickets: count[int] = field(default_factory=lambda: count(1))
    _pause_until: float = 0.0
    _setup: Setup = field(default_factory=Setup)

    def __post_init__(self) -> None:
        self._seek = Seek(self.spec, self.candidates, self.hooks, self.options)
        self.liveness = Liveness(self.now, self.silence_s)
        self.latency = Latency(SEEK_TIMEOUT_S)

    # what it wants -------------------------------------------------------------------------------------------------

    def wake_at(self) -> float:
        """Return when it next wants the line; the past when it does now."""
        if self._talks:
            return 0.0
        if self.state is State.SEEKING:
            return max(self.liveness.retry_at, self._pause_until)
        if self.poll is None:
            return float("inf")
        return max(self.poll.due_at, self._pause_until)

    def priority(self, now: float) -> int:
        """Return how urgent its next request is, once `wake_at` has come."""
        if self._talks:
            return WRITE
        if self.state is State.SEEKING or self.poll is None:
            return NORMAL if self.liveness.is_up else SEEK  # one that answers is not let wait for each question
        return FAST if self.poll.is_fast(now) else NORMAL

    def take(self, now: float) -> Job | None:
        """Return its next request. Its outcome must come back by `done` before another one is taken."""
        while self._talks:
            talk = self._talks[0]
            if talk.request is not None and now < talk.deadline:
                return Job(talk.request, self._timeout(), talk=talk)
            self._talks.popleft()  # whoever asked has been told that it failed; it must not happen late
        if self.state is State.SEEKING:
            return self._take_seek()
        taken = self.poll.take(now) if self.poll else None
        return None if taken is None else Job(taken[1].read, self._timeout(), poll=taken)

    def _take_seek(self) -> Job | None:
        talk = self._seek.take(self.prepared)
        return None if talk is None or talk.request is None else Job(talk.request, self._timeout(), talk=talk)

    def _timeout(self) -> float:
        return self.latency.timeout_s

    # what came of it -----------------------------------------------------------------------------------------------

    def done(self, job: Job, outcome: Outcome, elapsed_s: float, now: float) -> list[Effect]:
        """Take in the outcome of a request."""
        self.counters.count(outcome)
        effects: list[Effect] = []
        if is_silence(outcome):
            effects += self._missed(outcome, now)
        else:
            self.latency.answered(elapsed_s)
            if self.liveness.heard(now):
                effects += [WentUp(), Trouble("")]
        if job.talk is not None:
            return effects + self._advance(job.talk, outcome, now)
        return effects + self._polled(job, outcome, now)

    def _missed(self, outcome: Outcome, now: float) -> list[Effect]:
        self._seek.missed()
        if isinstance(outcome, Failure) and outcome.reason is Reason.LOST:
            self._pause_until = now + LOST_PAUSE_S
        elif self.spec.method not in {"tcp", "udp"}:  # its answer may still come; the line is for others until then
            self._pause_until = max(self._pause_until, now + self._timeout())
        if not self.liveness.missed(now):
            return []
        self.state, self.poll = State.SEEKING, None
        self._seek.drop()
        failed: list[Effect] = [Answered(talk.ticket, "the device is silent") for talk in self._talks if talk.ticket]
        self._talks.clear()
        return [*failed, WentDown(str(outcome))]

    def _advance(self, talk: Talk, outcome: Outcome, now: float) -> list[Effect]:
        try:
            talk.tell(outcome)
        except (ValueRefused, NoAnswer) as error:
            return self._end(talk, str(error), now)
        except Unusable as error:
            self._pause_until = now + max(UNUSABLE_RETRY_S, error.retry_s)
            return [*self._end(talk, str(error), now), Trouble(str(error))]
        return [] if talk.request is not None else self._end(talk, "", now)

    def _end(self, talk: Talk, error: str, now: float) -> list[Effect]:
        if talk in self._talks:
            self._talks.remove(talk)
            return [Answered(talk.ticket or 0, error, talk.result)]
        self._seek.drop()
        if talk.result is not None and not error:
            return self._become_known(talk.result, now)
        return [] if error else self._not_found(now)

    def _not_found(self, now: float) -> list[Effect]:
        """Say that it is no known device, or search again."""
        if not self._seek.believes_end():
            return []
        self._pause_until = now + UNUSABLE_RETRY_S
        return [Trouble("answers, and is no device of any definition; see --models")]

    def _become_known(self, prepared: Prepared, now: float) -> list[Effect]:
        self.prepared = prepared
        self.state = State.KNOWN
        self.poll = None
        self.latency.minimum_s = prepared.definition.timing.timeout_s
        self.liveness.heard(now)
        return [Found(prepared)]

    def _polled(self, job: Job, outcome: Outcome, now: float) -> list[Effect]:
        if self.poll is None or job.poll is None or self._holes is None:
            return []  # the device went down with this very request
        sweep, block = job.poll
        if isinstance(outcome, Reply):
            if self._holes.answered(block):
                self.poll.forget_plans()
            readings = self.poll.answered(sweep, block, outcome.words, now)
        elif not is_silence(outcome) and self._holes.refused(block, outcome.code):
            readings = self.poll.replan(sweep, block, now)
        else:
            if is_silence(outcome):
                self._holes.timed_out(block)
            readings = {**(self.poll.failed(sweep, now) or {}), **self.poll.stale(now)}
        return self._measured(readings)

    def _measured(self, readings: Readings | None) -> list[Effect]:
        if not readings:
            return []
        if self._setup.is_changed(readings):
            self.state, self.poll = State.SEEKING, None
            return []
        return [Measured(readings)]

    # what the driver asks for --------------------------------------------------------------------------------------

    def start(self, registers: Sequence[Register], now: float) -> None:
        """Poll these registers: the device is known, and so is its role."""
        if self.prepared is None:
            return
        limits = limits_for(self.prepared.definition, self.spec.method)
        self._holes = Holes(limits)
        self.poll = Poll(registers, limits, now, self.floor_s, self.silence_s)
        self._setup = Setup.of(registers)
        self.state = State.POLLING

    def talk(self, steps: Steps[Any], deadline: float) -> tuple[int, list[Effect]]:
        """Hold a conversation before everything else; an Answered with the ticket follows, perhaps at once."""
        ticket = next(self._tickets)
        if self.state is not State.POLLING:  # what is there may be another device, with other things in these registers
            return ticket, [Answered(ticket, "the device is not there, or not identified yet")]
        if len(self._talks) >= MAX_TALKS:
            return ticket, [Answered(ticket, "too many writes are waiting for this device")]
        try:
            talk = Talk(steps, ticket=ticket, deadline=deadline)
        except ValueRefused as error:
            return ticket, [Answered(ticket, str(error))]
        if talk.request is None:
            return ticket, [Answered(ticket, "", talk.result)]
        self._talks.append(talk)
        return ticket, []
