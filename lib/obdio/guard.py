"""Decides whether the vehicle may be polled, so that its starter battery never pays for it.

Asking a parked vehicle keeps its control units awake, which empties a starter battery in a day or two. The guard lets
polling go on while the engine runs, ends it when the engine is off and the voltage no longer comes from an alternator,
and starts it again on RPM, on a rise of the voltage, or on the alternator's voltage. It is pure: time comes in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class GuardState(Enum):
    """What polling may do."""

    AWAKE = "awake"
    ASLEEP = "asleep"
    STOPPED = "stopped"
    """Asleep because the voltage is below the hard limit; even a client's own request is refused."""


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """Thresholds for a 12 V vehicle, in volts, and times in seconds; a 24 V vehicle has the doubled voltages."""

    alternator_v: float = 13.2
    """From here on something charges the battery; a resting lead battery is at 12.7 V or below."""
    rise_v: float = 0.4
    """A rise above the lowest voltage seen asleep that wakes: a smart alternator may stay under alternator_v."""
    stop_v: float = 12.0
    """Hard limit: a 12 V lead battery at rest is about a quarter full here."""
    stop_after_s: float = 10.0
    """The voltage must stay below stop_v so long: cranking dips lower, but only for seconds."""
    sleep_after_s: float = 120.0
    """Engine off without charging for so long ends polling."""
    asleep_check_s: float = 60.0
    """Interval of reading the voltage while asleep; this is answered by the adapter and never reaches the vehicle."""
    system_v: int = 0
    """12 or 24; 0 finds out from the first voltage."""


TWENTY_FOUR_VOLTS_FROM = 18.0
"""A 12 V system does not stay above this, a 24 V system not below it; cranking, jump starts and misreadings end."""
READINGS_TO_BELIEVE = 3
"""Readings in a row before a system that is known is taken for the other one."""

RPM_VALID_S = 30.0
"""An engine speed older than this says nothing: the engine may have been stopped while nobody asked."""
NEVER = float("inf")
UNGUARDED = GuardLimits(stop_v=0.0, sleep_after_s=NEVER)
"""For programs that decide themselves when to poll."""


class BatteryGuard:
    """The guard of one vehicle. Feed it with everything observed, then read state."""

    def __init__(self, limits: GuardLimits | None = None) -> None:
        self.limits = limits or GuardLimits()
        self.state = GuardState.AWAKE
        self.voltage_v: float | None = None
        self.reason = ""
        self.has_measured = False
        """Whether the adapter can measure a voltage: it did so before."""
        self._factor = 2.0 if self.limits.system_v == 24 else 1.0  # noqa: PLR2004 - 24 V
        self._other_system = 0
        self._idle_since: float | None = None
        self._below_since: float | None = None
        self._lowest_v: float | None = None
        self._running_until: float | None = None

    @property
    def system_v(self) -> int:
        """12 or 24, as configured or found out."""
        return int(12 * self._factor)

    @property
    def is_charging(self) -> bool:
        """Whether the last voltage can only come from an alternator or a charger."""
        return self.voltage_v is not None and self.voltage_v >= self.limits.alternator_v * self._factor

    def see_rpm(self, rpm: float | None, now: float) -> None:
        """Note the engine speed, None when the vehicle did not answer."""
        self._running_until = now + RPM_VALID_S if rpm is not None and rpm > 0 else None
        if self._running_until is not None:
            self._wake("the engine runs")
        self._decide(now)

    def see_voltage(self, voltage_v: float | None, now: float) -> None:
        """Note the voltage that the adapter measures at the vehicle's plug, None when its answer was unreadable."""
        self.voltage_v = voltage_v
        if voltage_v is not None:
            self._find_system(voltage_v)
            self.has_measured = True
        if voltage_v is not None and self.state is not GuardState.AWAKE:
            self._lowest_v = voltage_v if self._lowest_v is None else min(self._lowest_v, voltage_v)
            if self.is_charging:
                self._wake("the battery is being charged")
            elif round(voltage_v - self._lowest_v, 3) >= self.limits.rise_v * self._factor and not self._is_below():
                self._wake("the voltage rose")
        self._decide(now)

    def tick(self, now: float) -> None:
        """Let time pass."""
        self._decide(now)

    def _find_system(self, voltage_v: float) -> None:
        factor = 2.0 if voltage_v >= TWENTY_FOUR_VOLTS_FROM else 1.0
        if self.limits.system_v or factor == self._factor:
            self._other_system = 0
            return
        self._other_system += 1
        if self._other_system >= READINGS_TO_BELIEVE or not self.has_measured:
            self._factor, self._other_system = factor, 0

    def _is_running(self, now: float) -> bool:
        return self._running_until is not None and now <= self._running_until

    def _is_below(self) -> bool:
        return self.voltage_v is not None and self.voltage_v < self.limits.stop_v * self._factor

    def _wake(self, reason: str) -> None:
        self._idle_since = self._below_since = self._lowest_v = None
        if self.state is not GuardState.AWAKE:
            self.state, self.reason = GuardState.AWAKE, reason

    def _decide(self, now: float) -> None:
        if self._is_running(now) or not self.has_measured or self.is_charging:
            # Without any voltage there is nothing to guard by: the link's own back-off keeps requests rare. One that
            # was there and is not now says nothing of charging.
            self._idle_since = self._below_since = None
            return
        self._idle_since = now if self._idle_since is None else self._idle_since
        self._below_since = (now if self._below_since is None else self._below_since) if self._is_below() else None
        if self._below_since is not None and now - self._below_since >= self.limits.stop_after_s:
            self._sleep(GuardState.STOPPED, f"{self._volts} is below the limit of the starter battery")
        elif self.state is GuardState.AWAKE and now - self._idle_since >= self.limits.sleep_after_s:
            self._sleep(GuardState.ASLEEP, f"the engine is off and {self._volts} is not being charged")

    @property
    def _volts(self) -> str:
        return "a battery of unknown voltage" if self.voltage_v is None else f"{self.voltage_v:.1f} V"

    def _sleep(self, state: GuardState, reason: str) -> None:
        if self.state is GuardState.AWAKE:
            self._lowest_v = self.voltage_v
        if self.state is not state:
            self.state, self.reason = state, reason
