"""Coroutines that run beside the server: held until they end, limited in number, their errors shown."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from typing import Any

logger = logging.getLogger(__name__)

MAX_RUNNING = 500
"""Callbacks slower than the values lose some of them, not memory: 25 s of values at 20 per second."""


def is_in_loop() -> bool:
    """Whether an event loop runs in this thread."""
    with contextlib.suppress(RuntimeError):
        return bool(asyncio.get_running_loop())
    return False


class Background:
    """The tasks of one server."""

    def __init__(self, limit: int = MAX_RUNNING) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Any) -> bool:
        """Run an awaitable in the event loop; False, and nothing happens, without a loop or with too many running."""
        if len(self._tasks) >= self._limit or not is_in_loop():
            if inspect.iscoroutine(work):
                work.close()
            return False
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)
        return True

    def _finish(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a callback failed", exc_info=task.exception())
