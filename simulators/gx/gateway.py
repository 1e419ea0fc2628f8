"""The MQTT gateway of a GX: D-Bus values as N topics, R to read and W to write them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Self

import aiomqtt
from dbus_fast import DBusError

from simulators.gx.bus_watch import BusWatch
from simulators.gx.gateway_topics import (
    Address,
    BadPayloadError,
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
RECONNECT_S: Final = 0.5
"""The broker of a GX and its gateway are one process; ours waits this long for a broker that restarts."""

QUEUE_LIMIT: Final = 100_000
"""Messages kept for a broker that is slow or away: some ten full publications of a large installation."""

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
        self._host, self._port, self._portal_id = host, port, portal_id
        self._keepalive = Keepalive(keepalive_s)
        self._heartbeat_s = heartbeat_s
        self._queue: deque[tuple[str, str, bool]] = deque(maxlen=QUEUE_LIMIT)
        self._queued = asyncio.Event()
        self._connected = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._watch.__aenter__()
        self._start(self._stay_connected(), "gateway")
        self._start(self._beat(), "heartbeat")
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._watch.__aexit__()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def wait_connected(self) -> None:
        """Return when the gateway is subscribed at the broker."""
        await self._connected.wait()

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            self._tasks.discard(task)  # one that failed stays, for __aexit__ to raise what it did
        else:
            _LOG.error("%s failed", task.get_name(), exc_info=task.exception())

    # From D-Bus to MQTT

    def _tell_change(self, service: WatchedService, paths: Iterable[str]) -> None:
        alive = self._keepalive.is_alive(time.monotonic())
        for path in paths:
            if alive or service.address(path) == _SERIAL:
                self._tell(service, path)

    def _tell(self, service: WatchedService, path: str) -> None:
        known = service.items[path]
        payload = encode_value(known.value, known.minimum, known.maximum)
        self._publish(service.address(path), payload)

    def _tell_gone(self, service: WatchedService) -> None:
        for path in service.items:
            self._publish(service.address(path), "")

    def _tell_all(self, request: Republish) -> None:
        for service in self._watch.services.values():
            if service.is_scanned:
                for path in service.items:
                    self._tell(service, path)
        content = encode_value(int(time.time()))
        if request.echo is not None:
            echo = encode_value(request.echo).removeprefix('{"value":')
            content = f'{{"full-publish-completed-echo":{echo[:-1]},{content[1:]}'
        self._enqueue(f"N/{self._portal_id}/full_publish_completed", content)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            if self._keepalive.is_alive(time.monotonic()):
                self._enqueue(f"N/{self._portal_id}/heartbeat", encode_value(int(time.time())))

    def _publish(self, address: Address, payload: str) -> None:
        self._enqueue(address.topic("N", self._portal_id), payload, retain=address == _SERIAL)

    def _enqueue(self, topic: str, payload: str, *, retain: bool = False) -> None:
        self._queue.append((topic, payload, retain))
        self._queued.set()

    # The broker

    async def _stay_connected(self) -> None:
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                await self._serve()
            if self._connected.is_set():
                _LOG.info("the broker is away")
            self._connected.clear()
            await asyncio.sleep(RECONNECT_S)

    async def _serve(self) -> None:
        async with aiomqtt.Client(self._host, self._port) as client, asyncio.TaskGroup() as group:
            for letter in ("R", "W"):
                await client.subscribe(f"{letter}/{self._portal_id}/#")
            self._connected.set()
            sender = group.create_task(self._send(client), name="gateway sender")
            try:
                async for message in client.messages:
                    self._receive(message.topic.value, bytes(message.payload or b""))  # type: ignore[arg-type]
            finally:
                sender.cancel()

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            await self._queued.wait()
            while self._queue:
                topic, payload, retain = self._queue[0]
                await client.publish(topic, payload, retain=retain)
                self._queue.popleft()
            self._queued.clear()

    # From MQTT to D-Bus

    def _receive(self, topic: str, payload: bytes) -> None:
        address = parse_topic(topic)
        if topic == f"R/{self._portal_id}/keepalive" or (topic.startswith("R/") and address == _SERIAL):
            request = self._keepalive.receive(payload, time.monotonic())
            if request is not None:
                self._tell_all(request)
        elif address is not None:
            work = self._write(address, payload) if topic.startswith("W/") else self._read(address)
            self._start(work, topic)

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
            variant = parse_write(payload)
            reply = await self._watch.connection.call(service.owner, address.path, BUS_ITEM, "SetValue", "v", [variant])
        except (BadPayloadError, DBusError, TimeoutError) as error:
            _LOG.warning("W %s: %s", address, error)
        else:
            _LOG.debug("W %s: %s", address, to_plain(reply))
