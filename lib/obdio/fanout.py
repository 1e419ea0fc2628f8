"""Carries values and link states from the adapter's thread into the event loop, in batches."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from obdio.snapshot import Snapshot

logger = logging.getLogger(__name__)

MAX_PENDING = 2_000
"""Values that wait for the event loop; at more the oldest go, as only new ones matter."""


class Fanout:
    """One queue from one thread to one event loop. deliver is called in the loop, one call at a time."""

    def __init__(self, deliver: Callable[[list[Any], Snapshot | None], Awaitable[None]]) -> None:
        self._deliver = deliver
        self._lock = threading.Lock()
        self._responses: deque[Any] = deque(maxlen=MAX_PENDING)
        self._snapshot: Snapshot | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_due = False
        self._task: asyncio.Task[None] | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver into loop from now on."""
        with self._lock:
            self._loop = loop
        self._call()

    def detach(self) -> None:
        """Stop delivering."""
        with self._lock:
            self._loop = None
        if self._task is not None:
            self._task.cancel()

    def responses(self, responses: list[Any]) -> bool:
        """Take values; False when no loop is attached and they must be handled another way. Any thread."""
        with self._lock:
            if self._loop is None:
                return False
            self._responses.extend(responses)
        self._call()
        return True

    def link(self, snapshot: Snapshot) -> None:
        """Take a state of the link. Any thread."""
        with self._lock:
            self._snapshot = snapshot
        self._call()

    def _call(self) -> None:
        with self._lock:
            if self._loop is None or self._is_due or self._loop.is_closed():
                return
            self._is_due = True
            self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        self._task = asyncio.ensure_future(self._run())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A bug in deliver costs one batch, not all that follow."""
        if task.cancelled() or task.exception() is None:
            return
        logger.error("values could not be delivered", exc_info=task.exception())
        with self._lock:
            self._is_due = False

    async def _run(self) -> None:
        while True:
            with self._lock:
                responses, snapshot = list(self._responses), self._snapshot
                self._responses.clear()
                self._snapshot = None
                if not responses and snapshot is None:
                    self._is_due = False
                    return
            await self._deliver(responses, snapshot)
