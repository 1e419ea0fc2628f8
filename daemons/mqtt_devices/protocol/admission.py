"""Whether a device is let in: who it is, limits and names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.names import unique_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mqtt_devices.protocol.device import Device
    from mqtt_devices.protocol.status import Registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the operator decides."""

    # Each service costs a connection to the bus, of which all of Venus shares 256; and about 17 KiB.
    max_services: int = 64
    # A device without services costs only memory, but it does cost that.
    max_devices: int = 256
    sends_device_instance: bool = False
    # Publish Proxy values to W topics of the gateway, as the former driver did, instead of setting them directly.
    proxy_publishes: bool = False
    # A device's Proxy may address only services that it registered itself.
    proxy_checks_owner: bool = True
    # A last will leaves the services on D-Bus with unknown values instead of unregistering them.
    last_will_keeps: bool = False
    # Client ids with their secrets (None: none).
    clients: Mapping[str, str | None] = field(default_factory=dict)
    # Whether other client ids than those may register.
    allows_others: bool = True


def check_client(client_id: str, secret: str | None, policy: Policy) -> None:
    """Let a client pass that is allowed, and is who it says.

    Raises:
        Rejected: it is not on the list, or has not the right secret.
    """
    check_listed(client_id, policy)
    expected = policy.clients.get(client_id)
    # Digests, so that the time that comparing takes says nothing about the secret.
    if expected is not None and _digest(secret or "") != _digest(expected):
        raise Rejected(Reason.NOT_ALLOWED, "secret", "the secret of this client, as in mqtt-devices.yml")


def check_listed(client_id: str, policy: Policy) -> None:
    """Let a client pass that is allowed, whoever it is; raises Rejected."""
    if not policy.allows_others and client_id not in policy.clients:
        raise Rejected(Reason.NOT_ALLOWED, "clientId", "a client of the list in mqtt-devices.yml")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def check_room(status: Registration, devices: Iterable[Device], policy: Policy) -> None:
    """Let a registration pass that harms no other device.

    Raises:
        Rejected: too many devices or services, or a name that belongs to a service of another device. Names are
            compared without the type: the settings paths of a service, which would be shared, do not contain it.
    """
    others = [device for device in devices if device.client_id != status.client_id]
    if len(others) >= policy.max_devices:
        raise Rejected(Reason.DEVICE_LIMIT, "clientId", f"at most {policy.max_devices} devices")
    taken = {unique_id(device.client_id, name) for device in others for name in device.names}
    for service_id in status.services:
        if unique_id(status.client_id, service_id) in taken:
            rule = f"{unique_id(status.client_id, service_id)} is the name of another device's service"
            raise Rejected(Reason.NAME_CLASH, f"services.{service_id}", rule)
    if len(taken) + len(status.services) > policy.max_services:
        rule = f"at most {policy.max_services} services on this GX, other devices use {len(taken)}"
        raise Rejected(Reason.SERVICE_LIMIT, "services", rule)
