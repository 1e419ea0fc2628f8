"""Questions and answers on one line, several under way at once.

An interface takes a winmon request on each of the slots X, Y and Z, and info requests beside them. `VEBusConnection`
keeps a window of each kind filled, sends what is waiting as soon as a reply makes room, and gives each reply to the
request it belongs to. Nothing that arrives can raise: what nobody asked for is counted and dropped.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Self, TypeVar

from mk2.errors import LinkLost, NoReply, Refused, Unsupported
from mk2.frames.status import NotRecognised
from mk2.frames.winmon import Winmon
from mk2.framing import Frame
from mk2.ledger import MAX_QUEUE, Ledger
from mk2.line import BITS_PER_BYTE
from mk2.pending import Kind, Pending
from mk2.receiver import Receiver
from mk2.statistics import Statistics
from mk2.strays import Strays

if TYPE_CHECKING:
    from collections.abc import Callable

    from mk2.frames.led import Leds
    from mk2.frames.record import Record
    from mk2.line import Line

log = logging.getLogger(__name__)

T = TypeVar("T")

REPLY_TIMEOUT_S = 0.5
"""Longest time a device takes to answer, without the time on the wire."""

LONGEST_REPLY = 19
"""Bytes of the longest reply, an info frame with LEDs; what may be in front of ours in the interface's queue."""


class VEBusConnection:
    """One open line. Use as `async with`, which starts listening and in the end closes the line.

    Args:
        line: the wire; owned by the connection from then on.
        on_message: called with every message that is not the answer to a request (version, boot, panel frames).
        on_leds: called with the LEDs whenever a frame carries them.

    Attributes:
        ledger: the requests; its windows say how many may be under way.
        pad_final_ff: append 00 to frames that end in FF, as interfaces before 1130128 need it.
        statistics, unpacker: counters.
        last_reply: loop time of the last answer to a request, None before the first.
    """

    def __init__(
        self,
        line: Line,
        *,
        on_message: Callable[[Record], None] | None = None,
        on_leds: Callable[[Leds], None] | None = None,
    ) -> None:
        self.line = line
        self.ledger = Ledger()
        self.pad_final_ff = False
        self.statistics = Statistics()
        self.last_reply: float | None = None
        self._loop = asyncio.get_running_loop()
        self._strays = Strays(line.name, self.ledger.slots, self.statistics, on_message)
        self._receiver = Receiver(self._take, on_leds, self.statistics)
        self.unpacker = self._receiver.unpacker
        self._sent_until = 0.0
        self._rest_timer: asyncio.TimerHandle | None = None
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._closed = False

    async def __aenter__(self) -> Self:
        self.line.start(self._receiver.feed, self._end)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the line; whatever still waits gets `LinkLost`."""
        self._closed = True
        self._end()
        await self.line.close()

    async def wait_lost(self) -> None:
        """Wait until the line ends.

        Raises:
            LinkLost: it ended without `close`.
        """
        await asyncio.shield(self._lost)
        if not self._closed:
            raise self._link_lost()

    @property
    def is_lost(self) -> bool:
        """Tell whether the line has ended."""
        return self._lost.done()

    @property
    def sees_foreign_traffic(self) -> bool:
        """Tell whether another program seems to be talking to this interface."""
        return self._strays.foreign.is_seen(self._loop.time())

    @property
    def byte_s(self) -> float:
        """Time that a byte takes on the wire."""
        return BITS_PER_BYTE / self.line.baudrate

    def send(self, message: Record) -> None:
        """Send a message that is not answered."""
        raw = Frame(message.encode()).encode(pad=self.pad_final_ff)
        log.debug("> %s", message)
        self._sent_until = max(self._loop.time(), self._sent_until) + len(raw) * self.byte_s
        self.line.write(raw)

    async def request(
        self,
        message: Record,
        expect: Callable[[Record], T | None],
        *,
        kind: Kind = Kind.PLAIN,
        timeout_s: float = REPLY_TIMEOUT_S,
        urgent: bool = False,
        device: int | None = None,
        is_optional: bool = False,
    ) -> T:
        """Send a message when its turn comes, and return the answer.

        Args:
            message: what to send; for `Kind.WINMON` the body only, the slot is chosen here.
            expect: given a message (the body, for winmon), returns the answer, or None when this is not all of it;
                raises `Refused` when the answer is no.
            kind: which window it counts in.
            timeout_s: time for the answer, counted from when the last byte has left; the time on the wire is added.
            urgent: go before all that waits.
            device: index of the device that a winmon request is for, None for the selected one.
            is_optional: many devices do not answer this; a missing answer is no trouble on the line.

        Raises:
            NoReply: no answer in time.
            Refused: the answer is no.
            LinkLost: the line has ended.
            ValueError, struct.error: the message has fields that do not fit.
        """
        if self.is_lost:
            raise self._link_lost()
        pending = Pending(message, kind, expect, timeout_s, self._loop.create_future(), device, is_optional)
        Frame(pending.wire_message().encode()).encode()  # what cannot be sent is the caller's fault, and told here
        if not self.ledger.add(pending, urgent=urgent):
            raise NoReply(f"{self.line.name}: {MAX_QUEUE} requests are waiting already")
        self._pump()
        try:
            result: T = await pending.future
            return result
        finally:
            self._forget(pending)

    def _link_lost(self) -> LinkLost:
        return LinkLost(f"{self.line.name}: the serial line has ended")

    def _pump(self) -> None:
        """Send what is waiting, as far as the windows allow."""
        while (pending := self.ledger.launch(self._loop.time())) is not None:
            self._launch(pending)
        free_at = self.ledger.slot_free_at(self._loop.time())
        if self._rest_timer is None and free_at is not None:
            self._rest_timer = self._loop.call_at(free_at, self._end_rest)

    def _end_rest(self) -> None:
        self._rest_timer = None
        self._pump()

    def _launch(self, pending: Pending) -> None:
        self.statistics.requests += 1
        self.send(pending.wire_message())
        pending.sent_at = self._loop.time()
        on_the_wire = self._sent_until - pending.sent_at + len(self.ledger.flying) * LONGEST_REPLY * self.byte_s
        pending.timer = self._loop.call_later(pending.timeout_s + on_the_wire, self._time_out, pending)

    def _time_out(self, pending: Pending) -> None:
        if not pending.is_optional:
            self.statistics.timeouts += 1
            self.ledger.fail(pending)
        pending.fail(NoReply(f"{self.line.name}: no reply to {pending.message}"))
        self._forget(pending, answered=False)

    def _forget(self, pending: Pending, *, answered: bool = False) -> None:
        """Take a request out of all books, however it ended; its reply may still come unless it was `answered`."""
        if pending.timer is not None:
            pending.timer.cancel()
        self.ledger.remove(pending, self._loop.time(), answered=answered)
        if not self.is_lost:
            self._pump()

    def _take(self, message: Record) -> None:
        if not self._answer(message):
            self._strays.take(message, self._loop.time())
            self._pump()

    def _answer(self, message: Record) -> bool:
        """Give a message to the request that it answers; return whether there is one."""
        for pending in self.ledger.flying:
            body = pending.body_of(message)
            if body is None:
                continue
            if isinstance(message, Winmon) and isinstance(body, NotRecognised):
                self.ledger.windows[pending.kind].fail()  # it may have come too fast for the device
                self._settle(pending, error=Unsupported(f"{self.line.name}: not recognised: {pending.message}"))
                return True
            try:
                result = pending.expect(body)
            except Refused as error:
                self._settle(pending, error=error)
                return True
            if result is not None:
                self._settle(pending, result)
                return True
        return isinstance(message, Winmon) and any(message.letter == pending.slot for pending in self.ledger.flying)

    def _settle(self, pending: Pending, result: object = None, error: Refused | None = None) -> None:
        self.statistics.replies += 1
        self.last_reply = self._loop.time()
        self.statistics.count_latency(self.last_reply - pending.sent_at)
        if error is None:
            self.ledger.succeed(pending)
            pending.succeed(result)
        else:
            self.statistics.refusals += 1
            pending.fail(error)
        self._forget(pending, answered=True)

    def _end(self) -> None:
        if self.is_lost:
            return
        self._lost.set_result(None)
        self._receiver.close()
        if self._rest_timer is not None:
            self._rest_timer.cancel()
        for pending in list(self.ledger):
            pending.fail(self._link_lost())
