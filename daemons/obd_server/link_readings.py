"""What the link itself tells, as readings beside those of the vehicle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from obd_server.protocol.reading import Reading
from obdio.guard import GuardState

if TYPE_CHECKING:
    from obdio.snapshot import Snapshot

STARTER_BATTERY_LOW, LAST_CONTACT = "starter battery low", "last contact"
"""No commands: small letters, which no name of a command has."""
ALARM_NONE, ALARM = 0, 2


def readings_of(snapshot: Snapshot, now: float) -> list[Reading]:
    """Return the alarm of the starter battery, nothing while its voltage is not known.

    The guard's hard limit, below which the voltage must stay for some seconds: starting the engine is no alarm.
    """
    if snapshot.voltage_v is None:
        return []
    is_low = snapshot.guard is GuardState.STOPPED
    return [Reading(STARTER_BATTERY_LOW, ALARM if is_low else ALARM_NONE, now)]
