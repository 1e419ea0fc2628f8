"""An event loop whose clock jumps to the next timer instead of waiting, so that a day passes in a minute."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

STEP_S = 1e-6
"""Added to every jump, so that rounding never leaves the clock just before the timer."""


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            return super().select(None)
        if not events and timeout:
            self.now += timeout + STEP_S
        return events


class SimulatedTimeLoop(asyncio.SelectorEventLoop):
    """A loop in simulated time. Real file descriptors still work, but nobody waits for them."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the simulated time in seconds."""
        return self._jumping.now

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109, ARG002 (its signature)
        """Wait for the threads, which live in real time: from Python 3.14 on a limit would pass in simulated time."""
        await super().shutdown_default_executor()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedTimeLoop) as runner:
        return runner.run(main)
