"""Whose turn it is on a line that several devices share.

Writes go first, then power, then everything else, then devices that are looked for. A request that has waited counts
as one step more urgent per AGING_S, so that slow registers and sleeping devices are served on a line that is full, too.
Among equals the one that was served longest ago goes first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modbus_client.protocol.job import FAST, WRITE

if TYPE_CHECKING:
    from modbus_client.protocol.device import Device
    from modbus_client.protocol.job import Job

AGING_S = 0.5
"""Beside a device that is read as fast as the line goes, one that wakes has to be there within 30 s, which takes about
ten requests. What is due is bounded by ages and retries, so this does not slow down the fast one for long.
"""


@dataclass(slots=True)
class Schedule:
    """The devices of one line."""

    devices: list[Device] = field(default_factory=list)

    def wake_at(self) -> float:
        """Return when somebody next wants the line."""
        return min((device.wake_at() for device in self.devices), default=float("inf"))

    def take(self, now: float) -> tuple[Device, Job] | None:
        """Return the request to make now, None when nothing is due."""
        for device in sorted(self._waiting(now), key=lambda device: _rank(device, now)):
            job = device.take(now)
            if job is not None:
                device.served_at, device.eligible_since = now, None
                return device, job
        return None

    def _waiting(self, now: float) -> list[Device]:
        waiting = [device for device in self.devices if device.wake_at() <= now]
        for device in waiting:
            if device.eligible_since is None:
                device.eligible_since = now
        return waiting


def _rank(device: Device, now: float) -> tuple[int, float]:
    priority = device.priority(now)
    if priority != WRITE:
        waited_s = now - (device.eligible_since if device.eligible_since is not None else now)
        priority = max(FAST, priority - int(waited_s / AGING_S))
    return priority, device.served_at
