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
    """The wish to end.

    A signal only notes it: an exception out of the blue, between the start of a process and the note that it runs, or
    while things are cleaned up, would leave processes and directories behind.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        for number in SIGNALS:
            signal.signal(number, self._receive)

    def check(self) -> None:
        """For a place where ending is safe: raises KeyboardInterrupt when it is wanted."""
        if self.is_wanted:
            raise KeyboardInterrupt

    async def pause(self, seconds: float) -> None:
        """Sleep, but not past a signal."""
        until = time.monotonic() + seconds
        while not self.is_wanted and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110 - set by a signal handler
            await asyncio.sleep(min(left, LOOK_S))

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        self.is_wanted = True
