"""When changed items go out: together, not too often, and never faster than the bus takes them."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from velib_async.bus_interface import Bus
    from velib_async.items import Item


class Announcer:
    """Sends ItemsChanged for items that changed.

    Changes of one turn of the event loop go out together. While the connection takes no more data, and until the
    interval is over, each item waits once, with its value at the time of sending. Only what is too much for one D-Bus
    message (thousands of items, or hundreds with the longest texts) goes out in several, one after the other.

    Args:
        bus: The connection.
        min_interval_s: The least time between two messages; what does not fit into one follows at once.
    """

    def __init__(self, bus: Bus, min_interval_s: float) -> None:
        self._bus = bus
        self._min_interval_s = min_interval_s
        self._pending: dict[str, Item] = {}
        self._timer: asyncio.Handle | None = None
        self._in_flight: asyncio.Future[None] | None = None
        self._burst_left = 0  # items that may go out without regard to the interval
        self._batch_size = 0  # how many of them to try in one message
        self._next_send = 0.0

    def __len__(self) -> int:
        """How many items wait."""
        return len(self._pending)

    def add(self, items: Iterable[Item]) -> None:
        """Queues items for the next message."""
        for item in items:
            self._pending[item.path] = item
        self._schedule()

    async def flush(self) -> None:
        """Sends what waits, whatever the interval, and waits until it has left this process."""
        while self._pending or self._in_flight is not None:
            if self._in_flight is None:
                self.stop()
                self._send_burst()
            else:
                await asyncio.wait((self._in_flight,))

    def stop(self) -> None:
        """Sends nothing of what waits until something is added."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def clear(self) -> None:
        """Forgets what waits."""
        self.stop()
        self._pending.clear()

    def _schedule(self) -> None:
        if not self._pending or self._timer is not None or self._in_flight is not None:
            return
        loop = asyncio.get_running_loop()
        wait_s = self._next_send - loop.time()
        self._timer = loop.call_later(wait_s, self._send_burst) if wait_s > 0 else loop.call_soon(self._send_burst)

    def _send_burst(self) -> None:
        self._timer = None
        self._next_send = asyncio.get_running_loop().time() + self._min_interval_s
        self._burst_left = self._batch_size = len(self._pending)
        self._send_batch()

    def _send_batch(self) -> None:
        batch = {path: self._pending.pop(path) for path in tuple(islice(self._pending, self._batch_size))}
        try:
            sent = self._bus.send_items_changed(batch.values())
        except ValueError:
            if len(batch) == 1:
                raise
            self._pending = batch | self._pending
            self._batch_size = len(batch) // 2
            self._send_batch()
            return
        self._burst_left -= len(batch)
        if sent.done() and not self._pending:  # as nearly always: saves the loop a turn
            return
        self._in_flight = sent
        sent.add_done_callback(self._on_sent)

    def _on_sent(self, _: asyncio.Future[None]) -> None:
        self._in_flight = None
        if self._burst_left > 0 and self._pending:
            self._send_batch()
        else:
            self._schedule()
