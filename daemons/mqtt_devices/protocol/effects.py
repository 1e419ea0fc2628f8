"""What the registry wants done. The shell obeys and reports back; it decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.errors import Rejected
    from mqtt_devices.protocol.service_types import Value
    from mqtt_devices.protocol.staleness import OnTimeout


@dataclass(frozen=True, slots=True)
class Publish:
    """Send a message to a broker, QoS 0."""

    topic: str
    payload: str
    broker: str = ""
    retain: bool = False
    expires: bool = False  # not to be sent later, on another connection


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe to a topic now; the registry names it again after each reconnect."""

    topic: str
    broker: str = ""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """No longer subscribe to a topic."""

    topic: str
    broker: str = ""


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """One service of one device."""

    client_id: str
    service_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Turn what a device has on D-Bus into what it wants; answered by Registry.applied() exactly once."""

    client_id: str
    version: str | None
    close: tuple[str, ...] = ()
    open: Mapping[str, str] = field(default_factory=dict)  # service id to type
    update: tuple[str, ...] = ()  # services that get a new version
    unheard: frozenset[str] = frozenset()  # opened from memory: /Connected 0 until the device is heard


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a Plan."""

    client_id: str
    opened: Mapping[str, int] = field(default_factory=dict)  # service id to device instance
    failed: Mapping[str, Rejected] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Write:
    """Set values of a registered service in one ItemsChanged; already checked and of the right type."""

    key: ServiceKey
    values: Mapping[str, Value]  # by path without leading slash


@dataclass(frozen=True, slots=True)
class Expire:
    """The values of a service are too old: treat them so."""

    key: ServiceKey
    action: OnTimeout


@dataclass(frozen=True, slots=True)
class Answer:
    """A device has answered to a change that the user made."""

    key: ServiceKey
    path: str
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Remember:
    """What Registry.remembered() returns has changed."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the log. `is_routine`: said before, word for word; the first to give way where there are many."""

    text: str
    is_warning: bool = False
    is_routine: bool = False


Effect = Publish | Subscribe | Unsubscribe | Plan | Write | Expire | Answer | Remember | Note
