"""Alarms from LEDs, held long enough to be seen. Pure: time comes in.

A LED that blinks is a pre-alarm, one that is on an alarm. Overload and low battery together, in step, mean something
else: too much ripple on the battery voltage; blinking in turn, they mean themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

OVERLOAD, LOW_BATTERY, TEMPERATURE = 5, 6, 7
OK, WARNING, ALARM = 0, 1, 2
ALARMS = ("LowBattery", "HighTemperature", "Overload", "Ripple")

HOLD_S = 20.0
"""How long an alarm stays after its cause is gone, as the vendor's own driver does."""


def levels(on: int, blink: int) -> dict[str, int]:
    """Return the level of each of `ALARMS` that these LED bytes show now."""

    def level(bit: int) -> int:
        return WARNING if blink >> bit & 1 else ALARM if on >> bit & 1 else OK

    low, overload = level(LOW_BATTERY), level(OVERLOAD)
    together = low == overload != OK and (on >> LOW_BATTERY & 1) == (on >> OVERLOAD & 1)
    return {
        "LowBattery": OK if together else low,
        "HighTemperature": level(TEMPERATURE),
        "Overload": OK if together else overload,
        "Ripple": low if together else OK,
    }


@dataclass(slots=True)
class AlarmHold:
    """Raises an alarm when it was seen twice in a row, and keeps it for `HOLD_S`."""

    _shown: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    _until: dict[str, float] = field(default_factory=dict)

    def take(self, on: int, blink: int, now: float) -> None:
        """Take the LEDs as they are now."""
        for name, level in levels(on, blink).items():
            confirmed = min(level, self._seen.get(name, OK)) if name in self._seen else OK
            self._seen[name] = level
            if confirmed >= self._shown.get(name, OK):
                self._shown[name] = confirmed
                self._until[name] = now + HOLD_S
            elif now >= self._until.get(name, now):
                self._shown[name] = confirmed

    def level(self, name: str) -> int | None:
        """Return the level of an alarm, None while nothing is known."""
        return self._shown.get(name)

    def forget(self) -> None:
        """Know nothing any more."""
        self._shown.clear()
        self._seen.clear()
        self._until.clear()
