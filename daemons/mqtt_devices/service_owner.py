"""What a service on D-Bus needs of the program behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mqtt_devices.protocol.effects import ServiceKey
    from mqtt_devices.protocol.service_types import PathRule, Value


class ServiceOwner(Protocol):
    """Who is told what happens to a service on D-Bus."""

    def hear(self, key: ServiceKey) -> None:
        """A reading was written: that is the device, by way of the gateway."""

    def is_told_again(self, key: ServiceKey, rule: PathRule) -> bool:
        """Whether the device is to hear of a write of the value that a path has already."""

    async def ask(self, key: ServiceKey, rule: PathRule, value: Value) -> bool:
        """The user wants to set a value; whether the device lets him. To be answered well within a second."""

    def lose(self, key: ServiceKey) -> None:
        """The connection to the bus is lost, and the service with it."""
