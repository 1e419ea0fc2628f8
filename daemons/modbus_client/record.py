"""A trace of what went over the lines, for a bug report, and for replay in a test."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path

    from modbus_client.connection import Tap

MAX_BYTES = 5_000_000
"""A trace ends at this size: /data of a GX has little room, and an hour of a busy line fits."""

_log = logging.getLogger(__name__)


class Recorder:
    """Writes one line per frame: seconds, > for sent or < for received, hexadecimal bytes. Without a path, nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = path.open("w", encoding="ascii") if path else None
        self._started = time.monotonic()
        self._written = 0

    @property
    def tap(self) -> Tap | None:
        """What a line calls for each frame."""
        return self.write if self._file is not None else None

    def write(self, sent: bool, data: bytes) -> None:  # noqa: FBT001 - a tap's signature
        """Record one frame."""
        if self._file is None:
            return
        line = f"{time.monotonic() - self._started:.4f} {'>' if sent else '<'} {data.hex(' ')}\n"
        self._written += len(line)
        if self._written > MAX_BYTES:
            _log.warning("the trace has reached %d bytes and ends here", MAX_BYTES)
            self.close()
            return
        try:
            self._file.write(line)
        except OSError as error:  # a full disk ends the trace, not the meters
            _log.warning("the trace cannot be written and ends here: %s", error.strerror)
            self.close()

    def close(self) -> None:
        """End the trace."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
