"""What is known about the link, and what is worth remembering of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from obdio.guard import GuardState
from obdio.link import LinkState

if TYPE_CHECKING:
    from obdio.link import Link

_STATUS = {
    LinkState.CAR: "Car Connected",
    LinkState.IGNITION_OFF: "OBD Connected",
    LinkState.ASLEEP: "OBD Connected",
    LinkState.ADAPTER: "ELM Connected",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known about the link; replaced as a whole, so any thread may read it."""

    state: LinkState = LinkState.NO_PORT
    reason: str = "not opened yet"
    port: str = ""
    protocol_id: str = ""
    protocol_name: str = ""
    voltage_v: float | None = None
    system_v: int = 12
    guard: GuardState = GuardState.AWAKE
    supported: frozenset[str] = frozenset()
    tries: int = 0
    """Unsuccessful ones since the vehicle last answered."""

    @property
    def status(self) -> str:
        """The state in python-OBD's four words."""
        return _STATUS.get(self.state, "Not Connected")

    def seen(self, link: Link, *, port: str, protocol_id: str, protocol_name: str) -> Snapshot:
        """Return this brought up to date; a voltage counts only while the adapter is open."""
        is_open = link.state not in (LinkState.NO_PORT, LinkState.CLOSED)
        return replace(
            self,
            state=link.state,
            reason=link.reason,
            port=port,
            protocol_id=protocol_id,
            protocol_name=protocol_name,
            voltage_v=link.guard.voltage_v if is_open else None,
            system_v=link.guard.system_v,
            guard=link.guard.state,
        )


@dataclass(frozen=True, slots=True)
class Remembered:
    """What worked last time, so that the next connection takes one second instead of four."""

    protocol: str | None = None
    baudrate: int | None = None
