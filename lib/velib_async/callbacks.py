"""The only place where code of other people runs inside ours: their exceptions end here, with a traceback in the log.

A service that answers a hundred paths must not stop because one text formatter divides by zero. Nor may a callback that
fails every second fill the log: callers say when it failed the last time already (`is_failing`).
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

log = logging.getLogger(__name__)

T = TypeVar("T")


class CallbackFailed(Exception):  # noqa: N818 - internal: never leaves this package
    """A callback raised; it has been logged."""


def is_async(function: object) -> bool:
    """Whether calling the object gives something to await."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def run(about: str, function: Callable[..., T], *arguments: Any, is_failing: bool = False) -> T:
    """Calls foreign code; `about` says in the log whose it is. A failure after a failure is not logged again.

    Raises:
        CallbackFailed: It raised.
    """
    try:
        return function(*arguments)
    except Exception as error:
        _log_failure(about, is_failing=is_failing)
        raise CallbackFailed(about) from error


def format_text(path: str, formatter: Callable[[Any], object], value: Any, is_failing: bool) -> str:  # noqa: FBT001
    """Calls a text formatter, as `run` does: once for each published value, so `about` is made when it is needed only.

    Raises:
        CallbackFailed: It raised.
    """
    try:
        return str(formatter(value))
    except Exception as error:
        _log_failure(f"text formatter of {path}", is_failing=is_failing)
        raise CallbackFailed(path) from error


async def wait(about: str, awaitable: Awaitable[T], *, is_failing: bool = False) -> T:
    """Awaits foreign code like `run` calls it.

    Raises:
        CallbackFailed: It raised.
    """
    try:
        return await awaitable
    except Exception as error:
        _log_failure(about, is_failing=is_failing)
        raise CallbackFailed(about) from error


def tell(about: str, function: Callable[..., object], *arguments: Any, is_failing: bool = False) -> bool:
    """Calls foreign code of which nothing is expected, as `run` does; returns whether it went well."""
    try:
        run(about, function, *arguments, is_failing=is_failing)
    except CallbackFailed:
        return False
    return True


async def tell_and_wait(about: str, awaitable: Awaitable[object]) -> None:
    """Awaits foreign code of which nothing is expected; if it raises, that is logged."""
    with contextlib.suppress(CallbackFailed):
        await wait(about, awaitable)


def _log_failure(about: str, *, is_failing: bool) -> None:
    """Logs the exception that is being handled."""
    log.log(logging.DEBUG if is_failing else logging.ERROR, "%s failed", about, exc_info=True)


class Tasks:
    """Holds background tasks, so that none is lost halfway, and ends them together."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Starts a coroutine as a named task. What it raises is logged unless somebody awaits the task."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def has_current(self) -> bool:
        """Whether the calling task is one of them."""
        return asyncio.current_task() in self._tasks

    async def finish(self, limit_s: float) -> None:
        """Waits until all tasks have ended, for at most so long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limit_s)

    async def cancel(self) -> None:
        """Cancels all tasks but the calling one and waits for their end."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
