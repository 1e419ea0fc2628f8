"""The receiving half of a connection: bytes in, messages out. Nothing that arrives can raise."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mk2.frames import parse_reply
from mk2.frames.led import Leds
from mk2.framing import FrameUnpacker

if TYPE_CHECKING:
    from collections.abc import Callable

    from mk2.frames.record import Record
    from mk2.framing import Frame
    from mk2.statistics import Statistics

log = logging.getLogger(__name__)

SILENCE_S = 0.25
"""An incomplete frame that waits so long will not be completed: a whole one takes 140 ms at 2400 baud."""


class Receiver:
    """Finds messages in what arrives.

    Args:
        deliver: takes each message.
        on_leds: takes the LEDs whenever a frame carries them.
        statistics: where frames without meaning are counted.
    """

    def __init__(
        self,
        deliver: Callable[[Record], None],
        on_leds: Callable[[Leds], None] | None,
        statistics: Statistics,
    ) -> None:
        self.unpacker = FrameUnpacker()
        self._deliver = deliver
        self._on_leds = on_leds
        self._statistics = statistics
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes from the line."""
        for frame in self.unpacker.feed(data):
            self._take(frame)
        self.close()
        if self.unpacker.pending:
            self._timer = self._loop.call_later(SILENCE_S, self._flush)

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        self._timer = None
        for frame in self.unpacker.flush():
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        if frame.leds is not None and self._on_leds is not None:
            self._on_leds(Leds.appended(frame.leds))
        message = parse_reply(frame)
        log.debug("< %s", frame if message is None else message)
        if message is None:
            self._statistics.unknown_frames += 1
        else:
            self._deliver(message)
