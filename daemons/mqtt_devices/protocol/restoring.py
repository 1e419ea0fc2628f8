"""What is remembered of devices, and bringing them back, a few services at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.admission import check_listed, check_room
from mqtt_devices.protocol.effects import Effect, Note, ServiceKey
from mqtt_devices.protocol.memory import choose_records, decode_device, encode_device

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mqtt_devices.protocol.admission import Policy
    from mqtt_devices.protocol.device import Device
    from mqtt_devices.protocol.service_types import ServiceType

# At boot all of Venus reads each new service, on one slow core.
RESTORED_AT_ONCE = 5
RESTORE_PERIOD_S = 1.0


class Restoring:
    """Services that wait for their turn, and records that could not be used."""

    def __init__(self) -> None:
        self._queue: deque[ServiceKey] = deque()
        self.shelved: dict[str, Any] = {}
        self.due_at: float | None = None
        self._unkept: set[str] = set()
        self._notes: list[Effect] = []

    def remember(self, devices: Mapping[str, Device]) -> list[Any]:
        """The records of all devices, and of those that could not be restored; as many as fit."""
        records = [encode_device(device) for device in devices.values()]
        kept, refused = choose_records([*filter(None, records), *self.shelved.values()])
        unkept = {str(record["clientId"]) for record in refused}
        if news := sorted(unkept - self._unkept):
            text = f"Not kept over a restart, since there is too much to remember: {', '.join(news)}"
            self._notes.append(Note(text, is_warning=True))
        self._unkept = unkept
        return kept

    def take_notes(self) -> list[Effect]:
        """What remember() has to say."""
        notes, self._notes = self._notes, []
        return notes

    def load(
        self,
        records: Iterable[object],
        types: Mapping[str, ServiceType],
        policy: Policy,
        devices: dict[str, Device],
        is_mapped: Callable[[str], bool],
    ) -> list[Effect]:
        """Put remembered devices into `devices`, their services into the queue.

        `is_mapped`: whether a client id is made by a mapping rule, with which the operator has let it in.
        """
        notes: list[Effect] = []
        for record in records:
            try:
                device = decode_device(record, types)
                if device.wanted is None:
                    continue
                if not is_mapped(device.client_id):
                    check_listed(device.client_id, policy)
                check_room(device.wanted, devices.values(), policy)
            except Rejected as problem:
                # Kept on disk: perhaps a file of services.d or the list of clients is wrong today, and mended tomorrow.
                client_id = record.get("clientId") if isinstance(record, dict) else None
                if isinstance(client_id, str):
                    self.shelved[client_id] = record
                notes.append(Note(f"Remembered device {client_id!a} waits: {problem}", is_warning=True))
                continue
            devices[device.client_id] = device
            self._queue += (ServiceKey(device.client_id, service_id) for service_id in device.wanted.services)
        self.due_at = 0.0 if self._queue else None
        return notes

    def release(self, devices: Mapping[str, Device], now: float) -> list[Device]:
        """The devices of the next services, which may be opened now."""
        if self.due_at is None or self.due_at > now:
            return []
        released: list[ServiceKey] = []
        while self._queue and len(released) < RESTORED_AT_ONCE:
            key = self._queue.popleft()
            device = devices.get(key.client_id)
            # Those that spoke meanwhile are open already.
            if device is not None and key.service_id in device.held:
                device.held.discard(key.service_id)
                released.append(key)
        self.due_at = now + RESTORE_PERIOD_S if self._queue else None
        return [devices[client_id] for client_id in dict.fromkeys(key.client_id for key in released)]
