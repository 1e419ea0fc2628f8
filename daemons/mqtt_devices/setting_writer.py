"""Writes settings behind those who set them, so that neither devices nor Venus programs wait for localsettings."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from daemonkit.ratelimit import LogOnce
from velib_async.errors import CallError, SettingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mqtt_devices.protocol.service_types import Value

# localsettings writes its file to flash 2 s after a change. A power cut costs a counter this much at most.
COUNTER_PERIOD_S = 900.0
# After a failure. A localsettings that is gone is waited for by the library; this is for one that answers with errors.
RETRY_S = 5.0

_log = logging.getLogger(__name__)


class SettingWriter:
    """Values that wait to be written: the latest of each setting, which stays until localsettings has answered.

    Args:
        read: returns the value that localsettings has, as far as known.
        write: writes one value; raises SettingError when it is refused for good, CallError when that may pass.
        on_done: told setting and value when a value no longer waits, whether it was taken or refused.
    """

    def __init__(
        self,
        *,
        read: Callable[[str], Any],
        write: Callable[[str, Value], Awaitable[None]],
        on_done: Callable[[str, Value], None],
    ) -> None:
        self._read = read
        self._write = write
        self._on_done = on_done
        self._unwritten: dict[str, Value] = {}
        self._has_unwritten = asyncio.Event()
        # Counters since they were last written.
        self._counted: dict[str, Value] = {}
        self._trouble = LogOnce()

    def note(self, path: str, value: Value) -> None:
        """Have a value written soon."""
        # Devices repeat themselves; localsettings need not hear of it.
        if path in self._unwritten or self._read(path) != value:
            self._unwritten[path] = value
            self._has_unwritten.set()

    def count(self, path: str, value: Value) -> None:
        """Have a counter written at the end of its period."""
        self._counted[path] = value

    def is_behind(self, path: str) -> bool:
        """Whether localsettings has an older value, which must not undo the one that waits to be written."""
        return path in self._unwritten

    def is_waiting(self, path: str) -> bool:
        """Whether there is anything to be written, now or at the end of the period."""
        return path in self._unwritten or path in self._counted

    def find_latest(self, path: str, stored: Any) -> Any:
        """The value that waits to be written, else `stored`."""
        return self._unwritten.get(path, self._counted.get(path, stored))

    async def run(self) -> None:
        """Write what is noted, one at a time, until cancelled."""
        while True:
            await self._has_unwritten.wait()
            self._has_unwritten.clear()
            if not await self._write_all():
                self._has_unwritten.set()
                await asyncio.sleep(RETRY_S)

    async def run_counters(self) -> None:
        """Have counters written every COUNTER_PERIOD_S; runs until cancelled."""
        while True:
            await asyncio.sleep(COUNTER_PERIOD_S)
            self._note_counters()

    async def finish(self) -> None:
        """Write all that is left, once; run() has ended."""
        self._note_counters()
        await self._write_all()

    def _note_counters(self) -> None:
        counted, self._counted = self._counted, {}
        for path, value in counted.items():
            self.note(path, value)
            if path not in self._unwritten:
                self._on_done(path, value)

    async def _write_all(self) -> bool:
        """Write each value once; False when some have to be tried again."""
        results = [await self._write_one(path) for path in list(self._unwritten)]
        return all(results)

    async def _write_one(self, path: str) -> bool:
        value = self._unwritten[path]
        try:
            await self._write(path, value)
        except CallError as error:
            if self._trouble.broke(path):
                _log.warning("%s is not kept yet: %s; tried again", path, error)
            return False
        except SettingError as error:
            self._trouble.mended(path)
            _log.warning("%s is not kept: %s", path, error)
        else:
            if self._trouble.mended(path):
                _log.info("%s is kept", path)
        # A newer value that came meanwhile is written next.
        if self._unwritten[path] == value:
            del self._unwritten[path]
            self._on_done(path, value)
        return True
