"""SIGTERM and friends: ask the daemon to stop, and see to it that it does."""

from __future__ import annotations

import faulthandler
import logging
import signal
import time
from typing import TYPE_CHECKING

from daemonkit.stacks import log_stacks

if TYPE_CHECKING:
    import asyncio

# supervise and the shutdown of a GX wait, but not for long: after this the process ends with a dump of its stacks.
STOP_LIMIT_S = 5.0
TASKS_DUMP_S = 0.5  # before that limit, if the loop still turns, the tasks are logged: they say what did not end
SLEEP_STEP_S = 0.2  # Python resumes a sleep after a signal; in steps, a stop is seen soon

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_log = logging.getLogger(__name__)


class Stop:
    """The one place that knows whether the process was asked to end."""

    def __init__(self) -> None:
        self.requested: str | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_limited = False

    def install(self) -> None:
        """Catch the stop signals from here on, and log all stacks upon SIGUSR1."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._handle)
        signal.signal(signal.SIGUSR1, lambda *_: log_stacks("SIGUSR1", self._loop))

    def attach(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
        """Cancel `task` when a stop is requested, or at once if it was."""
        self._loop = loop
        self._task = task
        if self.requested:
            loop.call_soon(self._cancel)

    def detach(self) -> None:
        """Forget the task: its loop is closed."""
        self._loop = self._task = None

    def limit_clean_up(self) -> None:
        """From now on the process has STOP_LIMIT_S to end; then its stacks are printed and it exits with code 1."""
        if self._is_limited:
            return
        self._is_limited = True
        # faulthandler counts in a thread of its own, in C: no deadlock of ours can stop it. 1 is stdout, the log.
        faulthandler.dump_traceback_later(STOP_LIMIT_S, exit=True, file=1)

    def end_limit(self) -> None:
        """Clean-up is over."""
        self._is_limited = False
        faulthandler.cancel_dump_traceback_later()

    def sleep(self, delay_s: float) -> None:
        """Block for `delay_s`, or until a stop is requested."""
        end = time.monotonic() + delay_s
        while not self.requested and (rest := end - time.monotonic()) > 0:
            time.sleep(min(rest, SLEEP_STEP_S))

    def _handle(self, number: int, _: object) -> None:
        if self.requested:
            return
        self.requested = signal.Signals(number).name
        if self._loop is not None:
            self.limit_clean_up()
            # Wakes the loop as well, which a plain call from a signal handler would not.
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        loop, task = self._loop, self._task
        if loop is None or task is None:
            return
        _log.info("stopping: %s", self.requested)
        task.cancel()
        reason = f"not stopped {STOP_LIMIT_S - TASKS_DUMP_S:g} s after {self.requested}"
        loop.call_later(STOP_LIMIT_S - TASKS_DUMP_S, log_stacks, reason, loop)
