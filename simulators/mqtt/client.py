"""A device on MQTT: registers, sends its models' values, says goodbye."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from simulators.broker import BrokerLink
from simulators.mqtt.registration import (
    LAST_WILL,
    BadReplyError,
    encode_proxy,
    encode_status,
    is_forgotten,
    parse_reply,
    topic,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.mqtt.model import Model

ASK_AGAIN_S: Final = 2.0
"""After an unanswered Status: mqtt-devices may start later than the device."""

REGISTER_AGAIN_S: Final = 60.0
"""After an answered one, in case nobody says that it was lost. Each costs two lines in the log of the GX."""

ASKS_BEFORE_WARNING: Final = 2
"""A daemon that is just starting deserves some patience."""

_LOG = logging.getLogger(__name__)


class DeviceClient:
    """One client id with one model per service id."""

    def __init__(self, host: str, port: int, *, client_id: str, models: Mapping[str, Model], period_s: float) -> None:
        self._client_id = client_id
        self._models = models
        self._period_s = period_s
        self._write_paths: dict[str, str] = {}
        self._next_status = float("-inf")
        self._unanswered = 0
        self._broker = BrokerLink(
            host,
            port,
            topics=[topic(client_id, "DBus"), topic(client_id, "Error")],
            on_message=self._receive,
            on_connect=self._connected,
            will=(topic(client_id, "LWT"), LAST_WILL),
        )

    async def run(self) -> None:
        """Send values until cancelled, then unregister."""
        async with self._broker:
            try:
                await self._broker.wait_connected()
                await self._send_values()
            finally:
                if self._broker.is_connected:
                    self._send_status(connected=False)

    async def _send_values(self) -> None:
        moment = time.monotonic()
        while True:
            if self._broker.is_connected:
                if time.monotonic() >= self._next_status:
                    self._send_status(connected=True)
                    self._count_unanswered()
                for service_id, write_path in self._write_paths.items():
                    self._send(write_path, self._models[service_id].values())
            await asyncio.sleep(self._period_s)
            before, moment = moment, time.monotonic()
            for model in self._models.values():
                model.advance(moment - before)

    def _count_unanswered(self) -> None:
        self._unanswered += 1
        if self._unanswered == ASKS_BEFORE_WARNING + 1:
            _LOG.warning("no answer to device/%s/Status: does mqtt-devices listen to this broker?", self._client_id)

    def _connected(self) -> None:
        self._write_paths = {}
        self._next_status = float("-inf")

    def _send_status(self, *, connected: bool) -> None:
        services = {service_id: model.service_type for service_id, model in self._models.items()}
        self._broker.publish(
            topic(self._client_id, "Status"), encode_status(self._client_id, services, connected=connected)
        )
        self._next_status = time.monotonic() + (REGISTER_AGAIN_S if self._write_paths else ASK_AGAIN_S)

    def _send(self, write_path: str, values: Mapping[str, int | float | str]) -> None:
        self._broker.publish(topic(self._client_id, "Proxy"), encode_proxy(write_path, values))

    def _receive(self, where: str, payload: bytes) -> None:
        if where == topic(self._client_id, "Error"):
            _LOG.warning("mqtt-devices refuses: %s", payload.decode(errors="replace"))
            if is_forgotten(payload):
                self._next_status = float("-inf")
            return
        try:
            paths = {key: path for key, path in parse_reply(payload).items() if key in self._models}
        except BadReplyError as error:
            _LOG.warning("%s: unusable answer: %s", where, error)
            return
        for service_id, write_path in paths.items():
            if self._write_paths.get(service_id) != write_path:
                _LOG.info("%s of %s is %s", service_id, self._client_id, write_path)
                self._send(write_path, self._models[service_id].setup())
        self._write_paths = paths
        self._unanswered = 0
        self._next_status = time.monotonic() + REGISTER_AGAIN_S
