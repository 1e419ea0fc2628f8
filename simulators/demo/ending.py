"""Ctrl-C and its relatives, taken so that nothing is left behind."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_S: Final = 0.1


class Ending:
    """The wish to end. Only the first signal interrupts, and only as long as nothing looks at is_wanted.

    Everything later is swallowed: it would interrupt the cleaning up and leave processes behind.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self._interrupts = True
        for number in SIGNALS:
            signal.signal(number, self._receive)

    def watch(self) -> None:
        """From now on is_wanted is looked at: a signal does not raise KeyboardInterrupt any more."""
        self._interrupts = False

    async def pause(self, seconds: float) -> None:
        """Sleep, but not past a signal."""
        until = time.monotonic() + seconds
        while not self.is_wanted and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110 - set by a signal handler
            await asyncio.sleep(min(left, LOOK_S))

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        first, self.is_wanted = not self.is_wanted, True
        if first and self._interrupts:
            raise KeyboardInterrupt
