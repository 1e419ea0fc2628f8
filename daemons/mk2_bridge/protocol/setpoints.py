"""Power set points of ESS: sign, limits, how they are shared, and when they have lapsed. Pure: time comes in.

On D-Bus a positive set point draws from the AC input; in the device's variable a positive word feeds into it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SILENCE_S = 10.0
"""A writer that has been silent for so long has died: its set point becomes zero."""

REFRESH_S = 2.5
"""How often a set point is repeated; devices drop it after 10 s as measured, half of which must be left."""

WORD_LIMIT = 32767
DISABLE_CHARGE, DISABLE_FEED_IN = 1, 2


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
    """

    phases: list[int | None]
    limit_w: float
    watts: dict[int, float] = field(default_factory=dict)
    flags: int = 0
    _heard_at: float | None = None
    _lapsed: bool = False

    @property
    def is_used(self) -> bool:
        """Tell whether anybody has ever set anything."""
        return self._heard_at is not None

    def set_power(self, phase: int, watts: float, now: float) -> None:
        """Take a set point for a phase, counted from 1."""
        self.watts[phase] = watts
        self._heard_at, self._lapsed = now, False

    def set_flag(self, flag: int, *, on: bool, now: float) -> None:
        """Take one of the flags."""
        self.flags = self.flags | flag if on else self.flags & ~flag
        self._heard_at = now if self._heard_at is None else self._heard_at

    def lapse(self, now: float) -> bool:
        """Drop the set points of a writer that fell silent; return whether that happened just now."""
        if self._heard_at is None or self._lapsed or now - self._heard_at < SILENCE_S or not any(self.watts.values()):
            return False
        self.watts = dict.fromkeys(self.watts, 0.0)
        self._lapsed = True
        return True

    def clear(self) -> None:
        """Set all to zero."""
        self.watts = dict.fromkeys(self.watts, 0.0)
        self.flags = 0

    def words(self) -> list[int | None]:
        """Return the word for each device, None for one without an assistant; devices on one phase share evenly."""
        return [
            None if phase is None else to_word(self.watts.get(phase, 0.0) / self.phases.count(phase), self.limit_w)
            for phase in self.phases
        ]
