"""One service of one device on D-Bus: its own connection, its items, its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from mqtt_devices.protocol.names import bus_name
from mqtt_devices.ruled_items import RuledItem, make_item
from velib_async.mandatory import add_mandatory_items
from velib_async.service import Item, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.controls import Controls
    from mqtt_devices.protocol.effects import ServiceKey
    from mqtt_devices.protocol.service_types import PathRule, ServiceType, Value
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


class PublishedService:
    """A registered service. Made by `open`.

    Args:
        bus: a connection of its own, which it closes.
    """

    def __init__(self, bus: Bus, service_type: ServiceType, identity: Identity, controls: Controls) -> None:
        self.key = identity.key
        self.type = service_type
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
        values: Mapping[str, Value],
    ) -> Self:
        """Put a service on the bus, complete before its name appears; `values`: those of its settings.

        Raises:
            NameTaken: another program owns the name.
            BusLost: the connection ended.
        """
        published = cls(bus, service_type, identity, controls)
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
        with self._service as changes:
            for path, value in values.items():
                changes[f"/{path}"] = value
        kept = {path: value for path, value in values.items() if self.type.paths[path].persists}
        if kept:
            self._controls.note(self.key, kept)

    def receive(self, rule: PathRule, value: Value) -> None:
        """Take over a setting that was changed elsewhere."""
        self._service.item(f"/{rule.path}").set_local_value(value)

    def set_version(self, version: str | None) -> None:
        """Show another firmware version of the device."""
        self._service.item("/FirmwareVersion").set_local_value(version)

    async def wait_lost(self) -> None:
        """Wait for the end of the connection; raises BusLost when it was not closed on purpose."""
        await self._service.wait_lost()

    async def close(self) -> None:
        """Make the values unknown, release the name, close the connection."""
        self._controls.detach(self.key, self.type)
        await self._service.close()
        await self._bus.close()

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
        )
        # The type has one of its own, which devices may set.
        self._service.remove_item("/ProductId")
        self._service.add_item(Item("/DeviceName", f"{self.key.client_id}:{self.key.service_id}"))
        for rule in self.type.paths.values():
            value = values.get(rule.path, rule.default)
            self._service.add_item(make_item(rule, value, self._keep if rule.persists else None))

    async def _keep(self, item: Any, value: Any) -> bool:
        """Answer a write from outside to a setting: accepted once localsettings has it."""
        if not isinstance(item, RuledItem):
            raise TypeError(f"{item} is no path of a service type")
        return await self._controls.change(self.key, item.rule, value)
