"""Registrations as they are remembered over restarts: one JSON object for each device, read like a Status message.

Nothing that comes from the file is trusted more than what comes from the network.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.device import Device
from mqtt_devices.protocol.names import MAX_LEVEL
from mqtt_devices.protocol.staleness import encode_staleness
from mqtt_devices.protocol.status import Registration, parse_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# All records together, as JSON: the state file takes 1,000,000 bytes and nothing of what is larger. 256 devices of
# honest size need a tenth.
MAX_RECORDS_BYTES = 900_000


def encode_device(device: Device) -> dict[str, Any] | None:
    """The record of a device, None for one that is leaving. Secrets are not part of it."""
    wanted = device.wanted
    if wanted is None:
        return None
    services = {
        service_id: {"type": kind, **encode_staleness(wanted.staleness[service_id])}
        if service_id in wanted.staleness
        else kind
        for service_id, kind in wanted.services.items()
    }
    record: dict[str, Any] = {
        "clientId": device.client_id,
        "connected": 1,
        "version": wanted.version,
        "services": services,
        # Longer ones are not answered anyway, and would only fill the file.
        "level": device.level if len(device.level) <= MAX_LEVEL else device.client_id,
        "instances": {
            service_id: instance
            for service_id, (kind, instance) in device.instances.items()
            if wanted.services.get(service_id) == kind
        },
    }
    if wanted.last_will is not None:
        record["lwt_topic"] = wanted.last_will.topic
        # The text that payloads are compared with, as it is: read as JSON, "5" and 5 would become one.
        record["lwt_value"] = wanted.last_will.value
    if device.broker:
        record["broker"] = device.broker
    return record


def decode_device(record: object, types: Mapping[str, object]) -> Device:
    """A device from its record; none of its services is to be opened yet.

    Raises:
        Rejected: the record makes no sense, or one of its types does not exist (now).
    """
    if not isinstance(record, dict):
        raise Rejected(Reason.NOT_AN_OBJECT, "", "a record is an object")
    status = parse_status(json.dumps(record).encode(), types)
    if not isinstance(status, Registration):
        raise Rejected(Reason.OUT_OF_RANGE, "connected", "a device that is remembered is connected")
    device = Device(
        status.client_id, str(record.get("level", status.client_id)), status, broker=str(record.get("broker", ""))
    )
    device.is_reply_due = False
    device.held = set(status.services)
    device.unheard = set(status.services)
    instances = record.get("instances")
    if isinstance(instances, dict):
        device.instances = {
            service_id: (status.services[service_id], instance)
            for service_id, instance in instances.items()
            if service_id in status.services and type(instance) is int
        }
    return device


def choose_records(records: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """The records that can be kept, and those that cannot: the largest where there is too much, and what is no JSON.

    One device must not cost the others their memory.
    """
    kept, refused = [], []
    for record in records:
        try:
            kept.append((len(json.dumps(record, allow_nan=False)), record))
        except ValueError:
            refused.append(record)
    total = sum(size for size, _ in kept)
    for size, record in sorted(kept, key=lambda sized: -sized[0]):
        if total <= MAX_RECORDS_BYTES:
            break
        total -= size
        kept.remove((size, record))
        refused.append(record)
    return [record for _, record in kept], refused
