"""Keeps the set points of ESS alive in the devices, and drops them in time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from mk2.errors import Mk2Error
from mk2_bridge.protocol.setpoints import REFRESH_S, SetPoints

if TYPE_CHECKING:
    from collections.abc import Callable

    from mk2.control import Control
    from mk2.identity import Identity

log = logging.getLogger(__name__)

FLAGS_OFFSET = 1
"""The word with the flags follows the one with the set point."""

EXIT_S = 0.8
"""Time to set everything to zero at the end: the whole exit has a second."""


class Ess:
    """The set points of one system.

    Args:
        points: what is asked for.
        identity: the system.
        get_control: returns the way to the device, None while it is away.
        on_lapse: called when a silent writer's set points and flags were dropped.
    """

    def __init__(
        self,
        points: SetPoints,
        identity: Identity,
        get_control: Callable[[], Control | None],
        on_lapse: Callable[[], None],
    ) -> None:
        self.points = points
        self.written = 0
        self._identity = identity
        self._get_control = get_control
        self._on_lapse = on_lapse
        self._changed = asyncio.Event()
        self._is_broken = False

    def is_for(self, identity: Identity) -> bool:
        """Tell whether a system keeps its set points where this one does."""
        return (identity.setpoints, identity.devices) == (self._identity.setpoints, self._identity.devices)

    def set_power(self, phase: int, watts: float) -> None:
        """Take a set point."""
        self.points.set_power(phase, watts, asyncio.get_running_loop().time())
        self._changed.set()

    def set_flag(self, flag: int, *, on: bool) -> None:
        """Take a flag."""
        self.points.set_flag(flag, on=on)
        self._changed.set()

    async def run(self) -> None:
        """Write what changed at once, and everything again every `REFRESH_S`; zero at the end."""
        try:
            while True:
                has_changed = self._changed.is_set()
                self._changed.clear()
                has_lapsed = self.points.lapse(asyncio.get_running_loop().time())
                if has_lapsed:
                    log.warning("nobody has set the ESS power for a while: it is zero, and not repeated any more")
                    self._on_lapse()
                if has_changed or has_lapsed or self.points.is_active:
                    await self._write()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH_S):
                        await self._changed.wait()
        finally:
            if self.points.is_used:
                self.points.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(EXIT_S):
                        await self._write()

    async def _write(self) -> None:
        control = self._get_control()
        if control is None:
            return
        try:
            for index, word in enumerate(self.points.words()):
                base, device = self._identity.setpoints[index], self._identity.devices[index]
                if base is None:
                    continue
                if word is not None:
                    await control.write_ram(base, word, device=device, is_cyclic=True)
                    self.written += 1
                if self.points.flags is not None:
                    await control.write_ram(base + FLAGS_OFFSET, self.points.flags, device=device, is_cyclic=True)
        except Mk2Error as error:
            (log.debug if self._is_broken else log.warning)("the ESS power cannot be set: %s", error)
            self._is_broken = True
        else:
            if self._is_broken:
                log.info("the ESS power can be set again")
            self._is_broken = False


class EssRunner:
    """Runs the set points of one system after the other, as it starts anew.

    Attributes:
        current: the set points that are run, None while there are none.
    """

    def __init__(self, get_control: Callable[[], Control | None], on_lapse: Callable[[], None]) -> None:
        self.current: Ess | None = None
        self._get_control = get_control
        self._on_lapse = on_lapse
        self._task: asyncio.Task[None] | None = None

    def fits(self, identity: Identity) -> bool:
        """Tell whether the set points run now, if any, are kept by the same devices at the same places as these."""
        return self.current is None or self.current.is_for(identity)

    def start(self, points: SetPoints, identity: Identity) -> None:
        """Run set points; those before must have been stopped."""
        self.current = Ess(points, identity, self._get_control, self._on_lapse)
        self._task = asyncio.create_task(self.current.run(), name="mk2-bridge ess")

    async def stop(self) -> None:
        """Make the set points zero and stop."""
        task, self._task, self.current = self._task, None, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
