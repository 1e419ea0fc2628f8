"""What a daemon is doing, as a small JSON file in RAM for `venus-daemons status`."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any

from daemonkit.atomicfile import replace_file
from daemonkit.ratelimit import LogOnce

if TYPE_CHECKING:
    from pathlib import Path

PERIOD_S = 5.0  # readers are people; more often would only cost CPU

_log = logging.getLogger(__name__)


class StatusFile:
    """Merges what the parts of a daemon report, and writes it at most every PERIOD_S."""

    def __init__(self, path: Path, **fields: Any) -> None:
        self._path = path
        self._fields: dict[str, Any] = dict(fields)
        self._written = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._trouble = LogOnce()

    def update(self, **fields: Any) -> None:
        """Set fields (JSON values; others are shown as text); they are written now, or when PERIOD_S is over.

        Outside a running loop that is the next update, or `close()`.
        """
        self._fields.update(fields)
        rest_s = self._written + PERIOD_S - time.monotonic()
        if rest_s <= 0:
            self._write()
        elif self._timer is None:
            try:
                self._timer = asyncio.get_running_loop().call_later(rest_s, self._write)
            except RuntimeError:
                return

    def close(self, **fields: Any) -> None:
        """Set the last fields, and write at once."""
        self._fields.update(fields)
        self._write()

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._written = time.monotonic()
        content = json.dumps({**self._fields, "updated": int(time.time())}, indent=1, default=str).encode() + b"\n"
        try:
            replace_file(self._path, content, durable=False)
        except OSError as error:
            if self._trouble.broke():
                _log.warning("%s cannot be written: %s", self._path, error.strerror)
        else:
            if self._trouble.mended():
                _log.info("%s is written again", self._path)
