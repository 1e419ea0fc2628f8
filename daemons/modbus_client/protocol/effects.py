"""What a device machine tells its driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modbus_client.protocol.poll import Readings
    from modbus_client.protocol.prepare import Prepared


@dataclass(frozen=True, slots=True)
class Found:
    """The device was identified and prepared; it polls once the driver has called start()."""

    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Measured:
    """New values by path (None: not known any more)."""

    readings: Readings


@dataclass(frozen=True, slots=True)
class WentUp:
    """The device answers again, or for the first time."""


@dataclass(frozen=True, slots=True)
class WentDown:
    """The device has been silent for too long."""

    why: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A conversation that was asked for has ended."""

    ticket: int
    error: str = ""  # empty: it worked
    result: object = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that the owner should know, to be logged once until it is over (empty: it is over)."""

    text: str


Effect = Found | Measured | WentUp | WentDown | Answered | Trouble
