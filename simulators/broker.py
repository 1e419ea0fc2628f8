"""A connection to an MQTT broker that comes back by itself: for the gateway and for the simulated devices."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import TYPE_CHECKING, Final, Self

import aiomqtt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RECONNECT_S: Final = 0.5
"""Pause between attempts: short, since a demo and a test wait for it, and a refused connection costs little."""

QUEUE_LIMIT: Final = 100_000
"""Messages kept for a broker that is slow or away: some ten full publications of a large installation."""

DRAIN_S: Final = 3.0
"""How long the end waits for the last messages to leave."""

_LOG = logging.getLogger(__name__)


class BrokerLink:
    """The connection, as an async context manager; opening does not wait for the broker.

    on_message(topic, payload) gets what arrives on topics, on_connect() is called on each (re)connection, when the
    subscriptions are in place. What is published while the broker is away is sent when it is back, the oldest dropped
    beyond QUEUE_LIMIT. will is (topic, payload).
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        topics: Sequence[str],
        on_message: Callable[[str, bytes], None],
        on_connect: Callable[[], None] | None = None,
        will: tuple[str, str] | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._topics = tuple(topics)
        self._on_message = on_message
        self._on_connect = on_connect
        self._will = None if will is None else aiomqtt.Will(*will)
        self._queue: deque[tuple[str, str, bool]] = deque(maxlen=QUEUE_LIMIT)
        self._queued = asyncio.Event()
        self._sent = asyncio.Event()
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._stay_connected(), name="broker link")
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._task is None:
            return
        if self._connected.is_set() and not self._task.done():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drain(), DRAIN_S)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there and the subscriptions are in place."""
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        """Return when the broker is there and the subscriptions are in place; raises what ended the link before."""
        waiting = asyncio.create_task(self._connected.wait(), name="connected")
        try:
            await asyncio.wait([waiting, *filter(None, [self._task])], return_when=asyncio.FIRST_COMPLETED)
            if self._task is not None and self._task.done():
                self._task.result()
        finally:
            waiting.cancel()

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Send a message, now or when the broker is back."""
        self._queue.append((topic, payload, retain))
        self._sent.clear()
        self._queued.set()

    async def _drain(self) -> None:
        while self._queue:
            await self._sent.wait()

    async def _stay_connected(self) -> None:
        level = logging.WARNING
        while True:
            try:
                await self._serve()
            except* aiomqtt.MqttError as errors:
                _heed_cancellation()
                if self._connected.is_set():
                    level = logging.WARNING
                reasons = "; ".join(str(error) for error in errors.exceptions)
                _LOG.log(level, "no broker at %s:%d, trying on: %s", self._host, self._port, reasons)
                level = logging.DEBUG  # once when it breaks; the next success is told by _serve
            finally:
                self._connected.clear()
            await asyncio.sleep(RECONNECT_S)

    async def _serve(self) -> None:
        client = aiomqtt.Client(self._host, self._port, will=self._will)
        try:
            async with client, asyncio.TaskGroup() as group:
                await self._use(client, group)
        finally:
            # A connection that ends while it is made has its reason here as well; unread, asyncio would log it later.
            ended = client._disconnected  # noqa: SLF001 - aiomqtt offers no other way
            if ended.done() and not ended.cancelled():
                ended.exception()
            # One that was made and then not answered in time is left open.
            client._client._sock_close()  # noqa: SLF001 - the same

    async def _use(self, client: aiomqtt.Client, group: asyncio.TaskGroup) -> None:
        for topic in self._topics:
            await client.subscribe(topic)
        _LOG.info("connected to the broker at %s:%d", self._host, self._port)
        self._connected.set()
        if self._on_connect is not None:
            self._on_connect()
        sender = group.create_task(self._send(client), name="broker sender")
        try:
            async for message in client.messages:
                self._on_message(message.topic.value, message.payload)
        finally:
            sender.cancel()

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            await self._queued.wait()
            while self._queue:
                topic, payload, retain = self._queue[0]
                await client.publish(topic, payload, retain=retain)
                _heed_cancellation()
                self._queue.popleft()
            self._queued.clear()
            self._sent.set()


def _heed_cancellation() -> None:
    """Raise CancelledError if this task was told to end and something swallowed that, such as asyncio.wait_for.

    As daemonkit.supervise.heed_cancellation, which is not at hand: simulators run without the libraries of the suite.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
