"""Power set points of ESS: sign, limits, how they are shared, and when they lapse. Pure: time comes in.

On D-Bus a positive set point draws from the AC input; in the device's variable a positive word feeds into it. A device
whose set point is not repeated drops it by itself, and passes the mains through; so a set point that has lapsed is made
zero once and then left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SILENCE_S = 10.0
"""A writer that has been silent for so long has died: its set point becomes zero."""

REFRESH_S = 2.5
"""How often a set point is repeated; devices drop it after 10 s as measured, half of which must be left."""

WORD_LIMIT = 32767
DISABLE_CHARGE, DISABLE_FEED_IN = 1, 2
ALL_FLAGS = DISABLE_CHARGE | DISABLE_FEED_IN

NO_PHASE = 0
"""Stands for the flags among the phases, counted from 1."""


def to_word(watts: float, limit_w: float) -> int:
    """Return the device's word for a set point of D-Bus."""
    limit = min(limit_w, WORD_LIMIT)
    return -round(max(-limit, min(limit, watts)))


@dataclass(slots=True)
class SetPoints:
    """Set points and flags as last asked for.

    Args:
        phases: phase of each device with an ESS assistant, by the device's position; None for one without.
        limit_w: largest power per device in either direction.

    Attributes:
        flags: the word with the flags, None until somebody has set one.
    """

    phases: list[int | None]
    limit_w: float
    watts: dict[int, float] = field(default_factory=dict)
    flags: int | None = None
    _heard_at: dict[int, float] = field(default_factory=dict)

    @property
    def is_used(self) -> bool:
        """Tell whether anybody has ever set anything."""
        return bool(self.watts) or self.flags is not None

    @property
    def is_active(self) -> bool:
        """Tell whether somebody keeps setting power."""
        return bool(self._heard_at)

    def set_power(self, phase: int, watts: float, now: float) -> None:
        """Take a set point for a phase, counted from 1."""
        self.watts[phase] = watts
        self._heard_at[phase] = now
        self._heard_at.pop(NO_PHASE, None)  # whoever sets power minds the flags as well

    def set_flag(self, flag: int, *, on: bool) -> None:
        """Take one of the flags."""
        flags = self.flags or 0
        self.flags = flags | flag if on else flags & ~flag

    def take_flags(self, flags: int, now: float) -> None:
        """Take flags that are set in the devices; they lapse unless somebody sets power."""
        self.flags = flags
        self._heard_at[NO_PHASE] = now

    def lapse(self, now: float) -> bool:
        """Drop the set points that nobody has set for a while, one phase whatever becomes of the others.

        The flags go with the last of them. Returns whether that happened just now.
        """
        silent = [phase for phase, heard_at in self._heard_at.items() if now - heard_at >= SILENCE_S]
        for phase in silent:
            del self._heard_at[phase]
            if phase in self.watts:
                self.watts[phase] = 0.0
        if silent and not self._heard_at:
            self.clear()
        return bool(silent)

    def forget_lapsed(self) -> None:
        """Leave alone from now on what has lapsed; to be called when its zero was written."""
        self.watts = {phase: watts for phase, watts in self.watts.items() if phase in self._heard_at}

    def clear(self) -> None:
        """Set all to zero; nobody sets power any more."""
        self.watts = dict.fromkeys(self.watts, 0.0)
        self.flags = None if self.flags is None else 0
        self._heard_at.clear()

    def words(self) -> list[int | None]:
        """Return the word for each device, None where nobody ever set one; devices on one phase share evenly."""
        return [
            None
            if phase is None or phase not in self.watts
            else to_word(self.watts[phase] / self.phases.count(phase), self.limit_w)
            for phase in self.phases
        ]
