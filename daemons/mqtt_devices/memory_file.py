"""Keeps registrations on disk, so that a restart loses none."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from daemonkit.ratelimit import Limiter
from daemonkit.statefile import load_state, save_state, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The first changes are written at once, so that nothing is lost to a power cut after somebody has set up his devices.
# A device that changes its mind all day must not wear the flash out.
WRITES_AT_ONCE = 30
WRITE_PERIOD_S = 60.0
_FORMAT = 1

_log = logging.getLogger(__name__)


class MemoryFile:
    """A state file that follows what the registry remembers.

    Args:
        path: where.
        collect: returns the records to be kept, JSON values.
    """

    def __init__(self, path: Path, collect: Callable[[], list[Any]]) -> None:
        self._path = path
        self._collect = collect
        self._changed = asyncio.Event()
        self._limiter = Limiter(1 / WRITE_PERIOD_S, WRITES_AT_ONCE)
        self._saved: dict[str, Any] | None = None

    def load(self) -> list[Any]:
        """The records of the last run; none when there is no file, or one that makes no sense, which is set aside."""
        content = load_state(self._path)
        if content is None:
            return []
        records = content.get("devices") if isinstance(content, dict) else None
        if not isinstance(records, list) or content.get("format", _FORMAT) != _FORMAT:
            # Perhaps of a later version, which may be installed again.
            set_aside(self._path, "not as this version writes it")
            return []
        self._saved = content
        return records

    def note_change(self) -> None:
        """The records have changed, or may have."""
        self._changed.set()

    async def run(self) -> None:
        """Write what changes, until cancelled; then write what is left."""
        writing: asyncio.Future[bool] | None = None
        try:
            while True:
                await self._changed.wait()
                if not self._limiter.allow(time.monotonic()):
                    await asyncio.sleep(WRITE_PERIOD_S)
                self._changed.clear()
                content = self._content()
                if content != self._saved:
                    writing = asyncio.ensure_future(asyncio.to_thread(self._save, content))
                    await asyncio.shield(writing)
                    if not writing.result():
                        # The disk is full, perhaps not for ever, and the next change may be long in coming.
                        self._changed.set()
                        await asyncio.sleep(WRITE_PERIOD_S)
        finally:
            if writing is not None:
                # Two writers would share the temporary file.
                await asyncio.wait((writing,))
            content = self._content()
            if content != self._saved:
                self._save(content)

    def _save(self, content: dict[str, Any]) -> bool:
        """Write; False when it may work another time."""
        try:
            is_saved = save_state(self._path, content)
        except ValueError as error:
            # Thousands of devices with the longest of last wills; all of them go on working. The same would fail again.
            _log.error("registrations are not kept over a restart: %s", error)
            return True
        if is_saved:
            self._saved = content
        return is_saved

    def _content(self) -> dict[str, Any]:
        return {"format": _FORMAT, "devices": self._collect()}
