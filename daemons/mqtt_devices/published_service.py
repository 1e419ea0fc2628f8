"""One service of one device on D-Bus: its own connection, its items, its settings."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from mqtt_devices.aged_values import age_value
from mqtt_devices.derived_values import DerivedValues
from mqtt_devices.protocol.names import bus_name
from mqtt_devices.protocol.service_types import Role
from mqtt_devices.protocol.staleness import OnTimeout
from mqtt_devices.ruled_items import RuledItem, make_item
from velib_async.mandatory import add_mandatory_items
from velib_async.service import ChangeContext, Item, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.controls import Controls
    from mqtt_devices.protocol.effects import ServiceKey
    from mqtt_devices.protocol.service_types import PathRule, ServiceType, Value
    from mqtt_devices.service_owner import ServiceOwner
    from velib_async.bus import Bus

# As the former driver named itself: users and their scripts look for it.
PROCESS_NAME = "dbus-mqtt-devices"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a service is, apart from its type."""

    key: ServiceKey
    instance: int
    version: str | None  # as the device tells it
    suite_version: str
    is_unheard: bool = False  # from memory: not connected until the device is heard


class PublishedService:
    """A registered service. Made by `open`.

    Args:
        bus: a connection of its own, which it closes.
    """

    def __init__(
        self,
        bus: Bus,
        service_type: ServiceType,
        identity: Identity,
        *,
        controls: Controls,
        owner: ServiceOwner,
    ) -> None:
        self.key = identity.key
        self._owner = owner
        self._written: dict[str, Value] = {}  # readings that came over D-Bus, in this turn of the loop
        self._rules = dict(service_type.paths) if service_type.families else service_type.paths
        self._derived = DerivedValues(service_type)
        self._alarm_timer: asyncio.TimerHandle | None = None
        self.type = service_type
        self._is_closed = False
        self._bus = bus
        self._controls = controls
        name = bus_name(service_type.name, self.key.client_id, self.key.service_id)
        self._service = Service(bus, name, min_interval_s=service_type.interval_s)

    @classmethod
    async def open(
        cls,
        bus: Bus,
        service_type: ServiceType,
        identity: Identity,
        *,
        controls: Controls,
        owner: ServiceOwner,
        values: Mapping[str, Value],
    ) -> Self:
        """Put a service on the bus, complete before its name appears; `values`: those of its settings.

        Raises:
            NameTaken: another program owns the name.
            BusLost: the connection ended.
        """
        published = cls(bus, service_type, identity, controls=controls, owner=owner)
        try:
            published._add_items(identity, values)
            controls.attach(published.key, service_type, published.receive)
            await published._service.register()
        except BaseException:
            await published.close()
            raise
        return published

    def write(self, values: Mapping[str, Value]) -> None:
        """Set checked values by path, in one ItemsChanged; settings among them are kept."""
        self._add_family_items(values)
        with self._service as changes:
            self._revive(changes)
            for path, value in values.items():
                changes[f"/{path}"] = value
            self._derive(changes, values)
        self._remember(values)

    def expire(self, action: OnTimeout) -> None:
        """Treat the values as too old."""
        if action in (OnTimeout.HOLD, OnTimeout.DISCONNECT):
            return
        self._derived.forget()
        self._set_alarm_timer(None)
        with self._service as changes:
            for rule in self._rules.values():
                if rule.role is Role.READING:
                    age_value(changes, rule, action)
            changes["/Connected"] = 0 if action is OnTimeout.INVALID else 1

    def receive(self, rule: PathRule, value: Value) -> None:
        """Take over what the user has set, here or elsewhere."""
        if self._is_closed:
            return
        with self._service as changes:
            changes[f"/{rule.path}"] = value
            self._derive(changes, {rule.path: value})

    def set_version(self, version: str | None) -> None:
        """Show another firmware version of the device."""
        self._service.item("/FirmwareVersion").set_local_value(version)

    async def wait_lost(self) -> None:
        """Wait for the end of the connection; raises BusLost when it was not closed on purpose."""
        await self._service.wait_lost()

    async def close(self) -> None:
        """Make the values unknown, release the name, close the connection."""
        self._is_closed = True
        self._set_alarm_timer(None)
        try:
            # Writes that are under way are answered before, and kept.
            await self._service.close()
        finally:
            self._controls.detach(self.key, self.type)
        await self._bus.close()

    def _derive(self, changes: ChangeContext, written: Mapping[str, Value]) -> None:
        if not self._derived.is_needed:
            return
        loop = asyncio.get_running_loop()
        for path, value in self._derived.update(written, lambda path: changes[f"/{path}"], loop.time()).items():
            changes[f"/{path}"] = value
        self._set_alarm_timer(self._derived.deadline)

    def _set_alarm_timer(self, deadline: float | None) -> None:
        if self._alarm_timer is not None:
            self._alarm_timer.cancel()
        at = asyncio.get_running_loop().call_at
        self._alarm_timer = None if deadline is None else at(deadline, self._derive_later)

    def _derive_later(self) -> None:
        with self._service as changes:
            self._derive(changes, {})

    def _add_family_items(self, values: Mapping[str, Value]) -> None:
        """Make the outputs of a switch when they are first heard of."""
        for path in values:
            rule = None if path in self._rules else self.type.find(path)
            if rule is not None and isinstance(self._rules, dict):
                self._rules[path] = rule
                hooks = (self._change, None) if rule.is_users else (None, self._hear)
                self._service.add_item(make_item(rule, rule.default, *hooks))

    def _revive(self, changes: ChangeContext) -> None:
        """Connected again; what the platform needs and devices seldom send is as at the beginning."""
        if self._service["/Connected"] == 1:
            return
        changes["/Connected"] = 1
        for rule in self.type.paths.values():
            is_given = rule.role is Role.READING and rule.default is not None and not rule.unit
            if is_given and self._service[f"/{rule.path}"] is None:
                changes[f"/{rule.path}"] = rule.default

    def _remember(self, values: Mapping[str, Value]) -> None:
        for role, keep in ((Role.SETTING, self._controls.note), (Role.COUNTER, self._controls.count)):
            kept = {path: value for path, value in values.items() if self._rules[path].role is role}
            if kept:
                keep(self.key, kept)

    def _hear(self, rule: PathRule, value: Value) -> Value:
        if not self._written:
            # After this turn of the loop the values of this and of all other writes are stored.
            asyncio.get_running_loop().call_soon(self._after_writes)
        self._written[rule.path] = value
        return self._derived.correct(rule.path, value, lambda path: self._service[f"/{path}"])

    def _after_writes(self) -> None:
        written, self._written = self._written, {}
        if self._is_closed:
            return
        self._remember(written)
        with self._service as changes:
            self._revive(changes)
            self._derive(changes, written)
        self._owner.hear(self.key)

    def _add_items(self, identity: Identity, values: Mapping[str, Value]) -> None:
        version = identity.suite_version
        add_mandatory_items(
            self._service,
            process_name=PROCESS_NAME,
            process_version=version,
            connection=f"MQTT:{self.key.client_id}",
            device_instance=identity.instance,
            product_id=0,
            product_name=f"{PROCESS_NAME}-{version}:{self.type.name.capitalize()}",
            firmware_version=identity.version,
            connected=0 if identity.is_unheard else 1,
        )
        # The type has one of its own, which devices may set.
        self._service.remove_item("/ProductId")
        self._service.add_item(Item("/DeviceName", f"{self.key.client_id}:{self.key.service_id}"))
        change, hear = self._change, self._hear  # one object each, not one for each item
        for rule in self.type.paths.values():
            is_reading = rule.role is Role.READING
            value = None if identity.is_unheard and is_reading else values.get(rule.path, rule.default)
            self._service.add_item(
                make_item(rule, value, change if rule.is_users else None, None if rule.is_users else hear)
            )

    async def _change(self, item: Any, value: Any) -> bool | None:
        """Answer a write from outside to what the user determines: the device decides, localsettings follows."""
        if not isinstance(item, RuledItem):
            raise TypeError(f"{item} is no path of a service type")
        if value == item.value and not self._owner.is_told_again(self.key, item.rule):
            return True
        if not await self._owner.ask(self.key, item.rule, value):
            return False
        # In one turn of the loop, so that D-Bus and localsettings end with the same one of several writes.
        self.receive(item.rule, value)
        if item.rule.role is Role.SETTING:
            self._controls.note(self.key, {item.rule.path: value})
        return None  # accepted, and stored already
