"""Ends the process when its event loop stands still: a daemon that hangs is worse than one that restarts."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Self

from daemonkit.stacks import log_stacks

if TYPE_CHECKING:
    import asyncio

# Long enough for a CCGX at load 9 that reads a definition file, short against the minutes in which users notice.
STALL_LIMIT_S = 25.0
# A process that was paused (svc -p) finds its alarm due when it continues; it gets this long to show that it lives.
GRACE_S = 5.0
BEAT_S = 5.0

EXIT_STALLED = 1


class StallWatchdog:
    """While it is open, the loop has to run every STALL_LIMIT_S seconds, else it logs all stacks and ends the process.

    The kernel's interval timer does the counting: the loop only winds it up again, so it costs one system call in
    BEAT_S seconds and no thread. The handler interrupts the very line that keeps the loop busy.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._suspected = False
        self._beat_handle: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        signal.signal(signal.SIGALRM, self._alarm)
        self._beat()
        return self

    def __exit__(self, *_: object) -> None:
        if self._beat_handle is not None:
            self._beat_handle.cancel()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)

    def _beat(self) -> None:
        self._suspected = False
        signal.setitimer(signal.ITIMER_REAL, STALL_LIMIT_S)
        self._beat_handle = self._loop.call_later(BEAT_S, self._beat)

    def _alarm(self, *_: object) -> None:
        if not self._suspected:
            self._suspected = True
            signal.setitimer(signal.ITIMER_REAL, GRACE_S)
            return
        log_stacks(f"the event loop stood still for {STALL_LIMIT_S + GRACE_S:g} s, ending", self._loop)
        # No clean-up: whatever holds the loop would hold that too. The kernel closes the sockets.
        os._exit(EXIT_STALLED)
