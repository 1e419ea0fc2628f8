"""Which requests wait, which are under way, and which may go next. Pure: time comes in."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mk2.pending import Kind
from mk2.slots import QUARANTINE_S, SLOTS, Slots
from mk2.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mk2.pending import Pending

MAX_QUEUE = 64
"""Requests that may wait for their turn. At 20 per second that is three seconds; more means that somebody runs wild."""

OPTIONAL_REST_S = 0.3
"""Rest of a slot after an answer that need not come: most often it never does."""


class Ledger:
    """The requests of one connection.

    Attributes:
        windows: how many requests of each kind may be under way. One of each to begin with, three for winmon.
        total: how many altogether.
        slots: which winmon slots rest.
        flying: the requests under way, oldest first.
        is_held: somebody needs the wire for himself, and polling should start nothing.
    """

    def __init__(self) -> None:
        self.windows = {Kind.PLAIN: Window(1), Kind.INFO: Window(1), Kind.WINMON: Window(len(SLOTS))}
        self.total = Window(len(SLOTS) + 2)
        self.slots = Slots()
        self.flying: list[Pending] = []
        self._holds = 0
        self._waiting: dict[Kind, deque[Pending]] = {kind: deque() for kind in Kind}

    @property
    def is_held(self) -> bool:
        """Whether somebody holds polling back."""
        return self._holds > 0

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold polling back: several questions in a row would else wait for a full pipeline each time."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

    def __iter__(self) -> Iterator[Pending]:
        yield from self.flying
        for queue in self._waiting.values():
            yield from queue

    def add(self, pending: Pending, *, urgent: bool) -> bool:
        """Queue a request, before all others if it is urgent; return False when the queue is full."""
        queue = self._waiting[pending.kind]
        if len(queue) >= MAX_QUEUE:
            return False
        (queue.appendleft if urgent else queue.append)(pending)
        return True

    def launch(self, now: float) -> Pending | None:
        """Return the request to send now, from then on under way; None when nothing may go."""
        if len(self.flying) >= self.total.size:
            return None
        for kind, queue in self._waiting.items():
            flying = [other for other in self.flying if other.kind is kind]
            if not queue or len(flying) >= self.windows[kind].size:
                continue
            if kind is Kind.WINMON:
                slot = self.slots.free([other.slot for other in flying], now)
                if slot is None:
                    continue
                queue[0].slot = slot
            self.flying.append(queue[0])
            return queue.popleft()
        return None

    def slot_free_at(self, now: float) -> float | None:
        """Return when a slot will have rested that somebody may be waiting for, None when nobody is."""
        return self.slots.next_free_at(now) if self._waiting[Kind.WINMON] else None

    def remove(self, pending: Pending, now: float, *, answered: bool) -> None:
        """Take a request out, however it ended; the slot of one that was not answered rests."""
        if pending in self.flying:
            self.flying.remove(pending)
            if pending.slot and not answered:
                self.slots.rest(pending.slot, now, OPTIONAL_REST_S if pending.is_optional else QUARANTINE_S)
        elif pending in self._waiting[pending.kind]:
            self._waiting[pending.kind].remove(pending)

    def succeed(self, pending: Pending) -> None:
        """Note a good reply."""
        self.windows[pending.kind].succeed()
        self.total.succeed()

    def fail(self, pending: Pending) -> None:
        """Note that a reply did not come."""
        self.windows[pending.kind].fail()
        self.total.fail()
