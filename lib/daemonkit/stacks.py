"""Where everything is right now: all threads and all asyncio tasks, into the log."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

# A whole log of one service is about 125 kB: a dump must leave room for what led to it.
TASKS_LIMIT = 60
FRAMES_LIMIT = 12

_log = logging.getLogger(__name__)


def log_stacks(reason: str, loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Log the stacks of all threads, and of the tasks of `loop`; call it in the thread of the loop."""
    _log.warning("%s: stacks of all threads and tasks follow", reason)
    for line in _describe(loop):
        _log.warning("%s", line)


def _describe(loop: asyncio.AbstractEventLoop | None) -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 (the documented way to see other threads)
        yield f"thread {names.get(ident, ident)}"
        summary = [entry for entry in traceback.extract_stack(frame) if entry.filename != __file__]
        yield from _format(summary[-FRAMES_LIMIT:])
    tasks = asyncio.all_tasks(loop) if loop is not None else ()
    for number, task in enumerate(sorted(tasks, key=asyncio.Task.get_name)):
        if number == TASKS_LIMIT:
            yield f"... and {len(tasks) - TASKS_LIMIT} more tasks"
            return
        yield f"task {task.get_name()}"
        summary = traceback.StackSummary.extract((frame, frame.f_lineno) for frame in _await_chain(task.get_coro()))
        yield from _format(summary[-FRAMES_LIMIT:])


def _await_chain(awaited: object) -> Iterator[FrameType]:
    """Yield the frames from a coroutine down to what it waits for; Task.get_stack() knows the first only."""
    while awaited is not None:
        kind = next((k for k in ("cr", "gi", "ag") if getattr(awaited, f"{k}_frame", None) is not None), None)
        if kind is None:
            return
        yield getattr(awaited, f"{kind}_frame")
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")


def _format(frames: Iterable[traceback.FrameSummary]) -> Iterator[str]:
    for frame in frames:
        yield f"  {frame.filename}:{frame.lineno} {frame.name}: {frame.line}"
