"""Keeps the set points of ESS alive in the devices, and drops them in time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING

from mk2.confirming import ask_twice
from mk2.errors import Mk2Error
from mk2.session import ask_again
from mk2_bridge.protocol.setpoints import ALL_FLAGS, REFRESH_S, SetPoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mk2.control import Control
    from mk2.identity import Identity
    from mk2.session import VEBusSession

log = logging.getLogger(__name__)

FLAGS_OFFSET = 1
"""The word with the flags follows the one with the set point."""

EXIT_S = 2.0
"""Time to set everything to zero at the end. The set points are there within the first half second; three devices that
acknowledge nothing take the rest for their flags, and for being read back."""


class Ess:
    """The set points of one system.

    Args:
        points: what is asked for.
        identity: the system.
        get_control: returns the way to the device, None while it is away.
        show_flags: called when the flags have changed otherwise than by `set_flag`.
    """

    def __init__(
        self,
        points: SetPoints,
        identity: Identity,
        get_control: Callable[[], Control | None],
        show_flags: Callable[[], None],
    ) -> None:
        self.points = points
        self._identity = identity
        self._get_control = get_control
        self._show_flags = show_flags
        self._changed = asyncio.Event()
        self._is_due = False
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
            with contextlib.suppress(Mk2Error):
                await self._find_flags()
            while True:
                self._is_due |= self._changed.is_set()
                self._changed.clear()
                if self.points.lapse(asyncio.get_running_loop().time()):
                    log.warning("nobody has set the ESS power for a while: it is zero, and not repeated any more")
                    self._show_flags()
                    self._is_due = True
                if self._is_due or self.points.is_active:
                    # What one device did not take is written again, and be it a zero that nobody repeats.
                    self._is_due = not await self._write()
                    if not self._is_due:
                        self.points.forget_lapsed()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH_S):
                        await self._changed.wait()
        finally:
            if self.points.is_used:
                self.points.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(EXIT_S):
                        await self._write_last()

    async def _find_flags(self) -> None:
        """Take flags that are set already for those of a writer, who may be silent: a killed process leaves them."""
        control = self._get_control()
        if control is None:
            return
        found = 0
        for base, device in zip(self._identity.setpoints, self._identity.devices, strict=True):
            if base is not None:
                found |= await _read_twice(control.session, base + FLAGS_OFFSET, device) & ALL_FLAGS
        if found and self.points.flags is None:
            log.info("the ESS flags %d are set already; they are cleared unless somebody sets the power", found)
            self.points.take_flags(found, asyncio.get_running_loop().time())
            self._show_flags()

    async def _write_last(self) -> None:
        control = self._get_control()
        if control is not None:
            with control.session.connection.ledger.hold():
                await self._write()

    async def _write(self) -> bool:
        """Write to all devices, the set points before the flags; return whether all have taken it."""
        control = self._get_control()
        if control is None:
            return False
        power = enumerate(self.points.words())
        flags = [(index, self.points.flags) for index in range(len(self._identity.devices))]
        errors = await self._write_words(control, 0, power)
        errors += await self._write_words(control, FLAGS_OFFSET, flags)
        if errors:
            (log.debug if self._is_broken else log.warning)("the ESS power cannot be set: %s", errors[0])
        elif self._is_broken:
            log.info("the ESS power can be set again")
        self._is_broken = bool(errors)
        return not errors

    async def _write_words(
        self, control: Control, offset: int, words: Iterable[tuple[int, int | None]]
    ) -> list[Mk2Error]:
        """Write one word of each device, at once: no device waits for another that does not answer."""

        async def write(index: int, word: int | None) -> Mk2Error | None:
            base = self._identity.setpoints[index]
            if base is None or word is None:
                return None
            try:
                await control.write_ram(base + offset, word, device=self._identity.devices[index], is_cyclic=True)
            except Mk2Error as error:
                return error
            return None

        results = await asyncio.gather(*(write(index, word) for index, word in words))
        return [error for error in results if error is not None]


async def _read_twice(session: VEBusSession, var: int, device: int | None) -> int:
    """Return the word of a variable as two answers in a row tell it, 0 when it cannot be read."""
    question = partial(session.get_ram_raw, var, device=device)
    words = await ask_again(lambda: ask_twice(question, f"variable {var}"))
    return words[0] if words else 0


class EssRunner:
    """Runs the set points of one system after the other, as it starts anew.

    Attributes:
        current: the set points that are run, None while there are none.
    """

    def __init__(self, get_control: Callable[[], Control | None], show_flags: Callable[[], None]) -> None:
        self.current: Ess | None = None
        self._get_control = get_control
        self._show_flags = show_flags
        self._task: asyncio.Task[None] | None = None

    def fits(self, identity: Identity) -> bool:
        """Tell whether the set points run now, if any, are kept by the same devices at the same places as these."""
        return self.current is None or self.current.is_for(identity)

    def start(self, points: SetPoints, identity: Identity) -> None:
        """Run set points; those before must have been stopped."""
        self.current = Ess(points, identity, self._get_control, self._show_flags)
        self._task = asyncio.create_task(self.current.run(), name="mk2-bridge ess")

    async def stop(self) -> None:
        """Make the set points zero and stop."""
        task, self._task, self.current = self._task, None, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
