"""Where the link to the vehicle stands and what to do next. Pure: time comes in, one action goes out.

NO_PORT ---opened---> ADAPTER | IGNITION_OFF | CAR
CAR ---SILENT_ROUNDS requests without any answer---> IGNITION_OFF ---vehicle answers---> CAR
any ---link lost---> NO_PORT, tried again after a growing pause
CAR | IGNITION_OFF ---battery guard---> ASLEEP ---guard awake---> the link is initialised anew
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from obdio.guard import BatteryGuard, GuardState

SILENT_ROUNDS = 6
"""Requests in a row without an answer that mean the ignition is off: a vehicle now and then misses one or two."""
FIRST_PAUSE_S = 2.0
"""Before the first new try: python-OBD leaves a reset running in the adapter when it closes, real ones need 1-2 s."""
LONGEST_PAUSE_S = 60.0
"""Longest wait between tries: a minute after the ignition is on, values are back."""
VOLTAGE_CHECK_S = 5.0
"""Interval of reading the voltage while awake; it costs one command of the adapter and does not reach the vehicle."""


class LinkState(Enum):
    """The state in which the link is shown to clients."""

    CLOSED = "closed"
    NO_PORT = "no port"
    ADAPTER = "adapter"
    IGNITION_OFF = "ignition off"
    CAR = "car"
    ASLEEP = "asleep"


class Action(Enum):
    """What the owner of the adapter has to do now."""

    OPEN = "open"
    READ_VOLTAGE = "read voltage"
    POLL = "poll"
    WAIT = "wait"


@dataclass(slots=True)
class Link:
    """The state machine of one adapter."""

    guard: BatteryGuard
    state: LinkState = LinkState.NO_PORT
    reason: str = "not opened yet"
    first_pause_s: float = FIRST_PAUSE_S
    _pause_s: float = 0.0
    _try_at: float = 0.0
    _voltage_at: float = 0.0
    _silent: int = 0
    _has_voltage: bool = field(default=True)

    def next_action(self, now: float) -> tuple[Action, float]:
        """Return what to do, and until when to wait if that is WAIT."""
        self.guard.tick(now)
        self._heed_guard(now)
        if self.state is LinkState.CLOSED:
            return Action.WAIT, float("inf")
        if self.state is LinkState.NO_PORT:
            return self._at(Action.OPEN, self._try_at, now)
        if self._has_voltage and now >= self._voltage_at:
            return Action.READ_VOLTAGE, now
        if self.state is LinkState.CAR:
            return Action.POLL, now
        if self.state is LinkState.ASLEEP:
            return Action.WAIT, self._voltage_at
        return self._at(Action.OPEN, self._try_at, now)

    @property
    def voltage_due(self) -> float:
        """When the voltage has to be read next; infinity when the adapter cannot measure it."""
        return self._voltage_at if self._has_voltage else float("inf")

    def opened(self, state: LinkState, reason: str, now: float) -> None:
        """Note the result of opening: state is NO_PORT, ADAPTER, IGNITION_OFF or CAR."""
        if state is LinkState.CAR:
            self._pause_s = 0.0
        self._silent = 0
        self._has_voltage = True
        self._voltage_at = now
        self._enter(state, reason)
        if state is not LinkState.CAR:
            self._later(now)

    def lost(self, reason: str, now: float) -> None:
        """Note that the adapter is gone or did not keep a deadline."""
        self._enter(LinkState.NO_PORT, reason)
        self._later(now)

    def close(self, reason: str) -> None:
        """Stop for good, until reopen."""
        self._enter(LinkState.CLOSED, reason)

    def reopen(self, now: float) -> None:
        """Try to open the port at once."""
        self._pause_s, self._try_at = 0.0, now
        self._enter(LinkState.NO_PORT, "opening")

    @property
    def is_doubtful(self) -> bool:
        """Whether one more unanswered request means that the ignition is off."""
        return self.state is LinkState.CAR and self._silent == SILENT_ROUNDS - 1

    def answered(self) -> None:
        """Note that the vehicle answered a request."""
        self._silent = 0

    def unanswered(self, now: float) -> None:
        """Note that the vehicle left a request without any answer."""
        self._silent += 1
        if self._silent >= SILENT_ROUNDS and self.state is LinkState.CAR:
            self.guard.see_rpm(None, now)
            self._enter(LinkState.IGNITION_OFF, "the vehicle does not answer")
            self._later(now)

    def voltage(self, voltage_v: float | None, now: float) -> None:
        """Note what the adapter measured; None when its answer was no voltage."""
        if voltage_v is None and not self.guard.has_measured:
            self._has_voltage = False  # it never could; one that could is asked on: a brown-out garbles an answer
            return
        self.guard.see_voltage(voltage_v, now)
        asleep = self.guard.state is not GuardState.AWAKE
        self._voltage_at = now + (self.guard.limits.asleep_check_s if asleep else VOLTAGE_CHECK_S)

    def _heed_guard(self, now: float) -> None:
        asleep = self.guard.state is not GuardState.AWAKE
        if asleep and self.state in (LinkState.CAR, LinkState.IGNITION_OFF, LinkState.ADAPTER):
            self._enter(LinkState.ASLEEP, self.guard.reason)
            self._voltage_at = now + self.guard.limits.asleep_check_s
        elif not asleep and self.state is LinkState.ASLEEP:
            # The protocol must be initialised again: values do not come back by themselves on many vehicles.
            self._enter(LinkState.IGNITION_OFF, self.guard.reason)
            self._pause_s, self._try_at = 0.0, now

    def _enter(self, state: LinkState, reason: str) -> None:
        self.state, self.reason = state, reason

    def _later(self, now: float) -> None:
        self._pause_s = min(self._pause_s * 2 or self.first_pause_s, LONGEST_PAUSE_S)
        self._try_at = now + self._pause_s

    @staticmethod
    def _at(action: Action, when: float, now: float) -> tuple[Action, float]:
        return (action, now) if now >= when else (Action.WAIT, when)
