"""One value of the vehicle, free of any library's types."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a command: a number in the unit of python-OBD, a text, or None when the vehicle gave none.

    received: seconds of the monotonic clock.
    """

    name: str
    value: float | str | None
    received: float
