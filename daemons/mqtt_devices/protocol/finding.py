"""Whose message is this, and which service does it mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mqtt_devices.protocol.device import Device
    from mqtt_devices.protocol.proxy import ProxyWrite


def find_sender(devices: Mapping[str, Device], level: str) -> str:
    """The client id of the device that uses a topic level: that id itself, or of the device that registered there."""
    if level in devices:
        return level
    return next((device.client_id for device in devices.values() if device.level == level), level)


def find_service(
    devices: Mapping[str, Device], level: str, proxy: ProxyWrite, *, owner_only: bool
) -> tuple[Device | None, str]:
    """The service at a topic path, and its device; None when there is none. Also one that is not open at present.

    Args:
        devices: all devices by client id.
        level: the topic level that the message came by.
        proxy: names type and instance.
        owner_only: look only among the services of the sender.
    """
    for device in devices.values():
        if owner_only and level not in (device.client_id, device.level):
            continue
        for service_id, known in device.instances.items():
            wanted = device.wanted.services.get(service_id) if device.wanted else None
            if known == (proxy.service_type, proxy.instance) and wanted == proxy.service_type:
                return device, service_id
    return None, ""
