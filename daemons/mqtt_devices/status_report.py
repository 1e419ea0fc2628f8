"""What the daemon is doing, for `venus-daemons status`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

from mqtt_devices.protocol.effects import ServiceKey

if TYPE_CHECKING:
    from daemonkit.status import StatusFile
    from daemonkit.supervise import LinkState
    from mqtt_devices.protocol.inbox import Inbox
    from mqtt_devices.protocol.registry import Registry

# The file itself is written at most this often.
PERIOD_S = 5.0


class StatusReport:
    """Copies figures into the status file.

    Args:
        file: where to.
        registry: whose devices are shown.
        inbox: whose losses are counted.
    """

    def __init__(self, file: StatusFile, registry: Registry, inbox: Inbox) -> None:
        self._file = file
        self._registry = registry
        self._inbox = inbox
        self._brokers: dict[str, str] = {}
        self._last: dict[str, object] = {}

    def set_broker(self, name: str, state: LinkState) -> None:
        """The connection to a broker has changed."""
        self._brokers[name] = state.value
        self._file.update(broker=self._brokers.get(""), brokers={key: one for key, one in self._brokers.items() if key})

    async def run(self) -> NoReturn:
        """Report until cancelled."""
        while True:
            figures = self._collect()
            if figures != self._last:
                self._last = figures
                self._file.update(**figures)
            await asyncio.sleep(PERIOD_S)

    def _collect(self) -> dict[str, object]:
        return {
            "devices": {
                client_id: {
                    service_id: f"{opened.service_type}/{opened.instance}"
                    for service_id, opened in device.opened.items()
                }
                for client_id, device in self._registry.devices.items()
            },
            "silent": [
                f"{client_id}/{service_id}"
                for client_id, device in self._registry.devices.items()
                for service_id in device.opened
                if self._registry.is_stale(ServiceKey(client_id, service_id))
            ],
            "pending_changes": {
                f"{key.client_id}/{key.service_id}/{path}": value
                for (key, path), value in self._registry.pending_changes.items()
            },
            "rejected_messages": self._registry.rejected,
            "dropped_messages": self._inbox.dropped,
        }
