"""What is known of one device: what it wants, and what it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mqtt_devices.protocol.effects import Plan

if TYPE_CHECKING:
    from mqtt_devices.protocol.service_types import Value
    from mqtt_devices.protocol.status import Registration

# Between attempts after a failure of the GX: soon at first, then rarely enough to cost nothing.
FIRST_RETRY_S = 5.0
LAST_RETRY_S = 300.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A service that is on D-Bus."""

    service_type: str
    instance: int
    version: str | None


@dataclass(slots=True)
class Device:
    """One client id. `wanted` None means that it is leaving.

    At most one plan is being carried out (`plan`); whatever the device says meanwhile only replaces `wanted`, so that
    a device that repeats itself costs one pending registration, not a queue of them.
    """

    client_id: str
    level: str
    wanted: Registration | None
    opened: dict[str, Opened] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # service id to type
    lost: set[str] = field(default_factory=set)  # those of them that were open
    broker: str = ""
    source: str = ""  # of the mapping rule's device that it is, since the start
    # Wanted, but not to be opened now: restored ones that wait for their turn, silent ones that are to be away.
    held: set[str] = field(default_factory=set)
    # Service ids that came from memory and were not heard since.
    unheard: set[str] = field(default_factory=set)
    # Instances of services that are not open, as far as known: their topics are recognised nevertheless.
    instances: dict[str, tuple[str, int]] = field(default_factory=dict)
    # Values that came before their service was open.
    pending: dict[str, dict[str, Value]] = field(default_factory=dict)
    # Whether what the device said last was the same again.
    repeats_itself: bool = False
    plan: Plan | None = None
    is_reply_due: bool = True
    retry_at: float | None = None
    retry_s: float = FIRST_RETRY_S

    def make_plan(self) -> Plan | None:
        """The difference between what is on D-Bus and what is wanted, None when there is none."""
        wanted = self.wanted.services if self.wanted else {}
        version = self.wanted.version if self.wanted else None
        keep = {
            name
            for name, opened in self.opened.items()
            if wanted.get(name) == opened.service_type and name not in self.held
        }
        close = tuple(name for name in self.opened if name not in keep)
        # A service that failed waits for a new Status or for the retry.
        missing = {
            name: kind
            for name, kind in wanted.items()
            if name not in keep and name not in self.held and self.failed.get(name) != kind
        }
        update = tuple(name for name, opened in self.opened.items() if name in keep and opened.version != version)
        if not (close or missing or update):
            return None
        return Plan(self.client_id, version, close, missing, update, frozenset(self.unheard & set(missing)))

    def finish_plan(self, opened: dict[str, int], failed: set[str]) -> Plan:
        """Take over what a plan has achieved, and return it; `failed` keeps those that are still wanted."""
        plan = self.plan
        if plan is None:
            raise ValueError(f"{self.client_id}: no plan is being carried out")
        self.plan = None
        for name in plan.close:
            self.opened.pop(name, None)
        for name in plan.update:
            if name in self.opened:
                kept = self.opened[name]
                self.opened[name] = Opened(kept.service_type, kept.instance, plan.version)
        for name, instance in opened.items():
            self.opened[name] = Opened(plan.open[name], instance, plan.version)
            self.instances[name] = (plan.open[name], instance)
        # Earlier failures stay: two services that fail in turn would otherwise be tried in turn, without end. A failure
        # of a type that is not wanted any more says nothing of the one that is.
        tried = self.failed | {name: plan.open[name] for name in failed}
        wanted = self.wanted.services if self.wanted else {}
        self.failed = {
            name: kind for name, kind in tried.items() if wanted.get(name) == kind and name not in self.opened
        }
        return plan

    def lose(self, service_id: str, now: float) -> None:
        """A service has left D-Bus by itself."""
        self.failed[service_id] = self.opened.pop(service_id).service_type
        self.lost.add(service_id)
        if self.retry_at is None:
            self.plan_retry(now)

    def plan_retry(self, now: float) -> None:
        """Try failed services again later, each time later."""
        self.retry_at = now + self.retry_s
        self.retry_s = min(2 * self.retry_s, LAST_RETRY_S)

    @property
    def names(self) -> set[str]:
        """All service ids that this device holds or asks for."""
        wanted = set(self.wanted.services) if self.wanted else set()
        return wanted | set(self.opened) | (set(self.plan.open) if self.plan else set())
