"""Saving after a change, but not after each one."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Autosave:
    """Calls save() delay_s after the first change since the last time; a burst of changes costs one call."""

    def __init__(self, save: Callable[[], Awaitable[None]], *, delay_s: float) -> None:
        self._save = save
        self._delay_s = delay_s
        self._pending = False
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def note_change(self) -> None:
        """Say that there is something to save."""
        self._pending = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name="autosave")

    async def close(self) -> None:
        """Save at once what is not saved yet; raises what saving raised."""
        self._closing.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self._pending:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._delay_s)
            self._pending = False
            await self._save()
