"""The MQTT gateway of a GX: D-Bus values as N topics, R to read and W to write them."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any, Final, Self

from dbus_fast import DBusError

from simulators.broker import BrokerLink
from simulators.gx.bus_watch import BusWatch
from simulators.gx.gateway_topics import (
    Address,
    BadPayloadError,
    encode_completed,
    encode_value,
    parse_topic,
    parse_write,
)
from simulators.gx.keepalive import KEEPALIVE_S, Keepalive, Republish
from simulators.gx.wire import BUS_ITEM, below, to_plain

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from simulators.gx.watched_service import WatchedService

HEARTBEAT_S: Final = 3.0

CALLS_LIMIT: Final = 1000
"""R and W under way at a time; more are dropped, as by a D-Bus that allows only so many pending replies."""

_SERIAL: Final = Address("system", "0", "/Serial")
_LOG = logging.getLogger(__name__)


class GatewaySimulator:
    """The gateway between one bus and one broker, as an async context manager.

    Opening waits for the bus, not for the broker, which may come, go and return.
    """

    def __init__(
        self,
        address: str,
        *,
        host: str = "127.0.0.1",
        port: int,
        portal_id: str,
        keepalive_s: float = KEEPALIVE_S,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._watch = BusWatch(address, on_change=self._tell_change, on_gone=self._tell_gone)
        topics = (f"R/{portal_id}/#", f"W/{portal_id}/#")
        self._broker = BrokerLink(host, port, topics=topics, on_message=self._receive)
        self._portal_id = portal_id
        self._keepalive = Keepalive(keepalive_s)
        self._heartbeat_s = heartbeat_s
        self._calls: set[asyncio.Task[None]] = set()
        self._heart: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._watch.__aenter__()
        await self._broker.__aenter__()
        self._heart = asyncio.get_running_loop().create_task(self._beat(), name="heartbeat")
        return self

    async def __aexit__(self, *exc: object) -> None:
        tasks = [task for task in (self._heart, *self._calls) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._broker.__aexit__(*exc)
        await self._watch.__aexit__(*exc)

    async def wait_connected(self) -> None:
        """Return when the gateway is subscribed at the broker."""
        await self._broker.wait_connected()

    # From D-Bus to MQTT

    def _tell_change(self, service: WatchedService, paths: Iterable[str]) -> None:
        alive = self._keepalive.is_alive(time.monotonic())
        for path in paths:
            if alive or service.address(path) == _SERIAL:
                self._tell(service, path)

    def _tell(self, service: WatchedService, path: str) -> None:
        known = service.items[path]
        self._publish(service.address(path), encode_value(known.value, known.minimum, known.maximum))

    def _tell_gone(self, service: WatchedService) -> None:
        for path in service.items:
            self._publish(service.address(path), "")

    def _tell_all(self, request: Republish) -> None:
        for service in self._watch.services.values():
            if service.is_scanned:
                for path in service.items:
                    self._tell(service, path)
        completed = encode_completed(int(time.time()), request.echo)
        self._broker.publish(f"N/{self._portal_id}/full_publish_completed", completed)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            if self._keepalive.is_alive(time.monotonic()):
                self._broker.publish(f"N/{self._portal_id}/heartbeat", encode_value(int(time.time())))

    def _publish(self, address: Address, payload: str) -> None:
        self._broker.publish(address.topic("N", self._portal_id), payload, retain=address == _SERIAL)

    # From MQTT to D-Bus

    def _receive(self, topic: str, payload: bytes) -> None:
        address = parse_topic(topic)
        if topic == f"R/{self._portal_id}/keepalive" or (topic.startswith("R/") and address == _SERIAL):
            request = self._keepalive.receive(payload, time.monotonic())
            if request is not None:
                self._tell_all(request)
        elif address is not None and len(self._calls) < CALLS_LIMIT:
            work = self._write(address, payload) if topic.startswith("W/") else self._read(address)
            self._call(work, topic)
        else:
            _LOG.warning("%s is dropped", topic)

    def _call(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _read(self, address: Address) -> None:
        service = self._watch.find(address.service_type, address.instance)
        if service is None:
            _LOG.warning("R %s: no such service", address)
            return
        try:
            (value,) = await self._watch.connection.call(service.owner, address.path, BUS_ITEM, "GetValue")
        except (DBusError, TimeoutError) as error:
            _LOG.warning("R %s: %s", address, error)
            return
        if value.signature == "a{sv}":
            changes = {below(address.path) + key: {"Value": element} for key, element in value.value.items()}
        else:
            changes = {address.path: {"Value": value}}
        for path in service.update(changes):
            self._tell(service, path)

    async def _write(self, address: Address, payload: bytes) -> None:
        service = self._watch.find(address.service_type, address.instance)
        if service is None or address.path not in service.items:
            _LOG.warning("W %s: no such service or path", address)
            return
        try:
            value = parse_write(payload)
            reply = await self._watch.connection.call(service.owner, address.path, BUS_ITEM, "SetValue", "v", [value])
        except (BadPayloadError, DBusError, TimeoutError) as error:
            _LOG.warning("W %s: %s", address, error)
        else:
            _LOG.debug("W %s: %s", address, to_plain(reply))
