"""Logging for multilog: whole lines on stdout, no timestamps (multilog puts its own), never waiting for the reader."""

from __future__ import annotations

import contextlib
import logging
import os
import select

FORMAT = "%(levelname)s:%(name)s:%(message)s"

# A write of at most this much into a pipe that poll() calls writable does not block: Linux calls a pipe writable when
# one page is free (pipe(7): PIPE_BUF is 4096).
WRITE_LIMIT_BYTES = 4096
LINE_LIMIT = 2000  # characters of one message: multilog itself keeps 25 kB per file, so one line must not fill it

_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), 127)}


class LineFormatter(logging.Formatter):
    """One record is one line (and its traceback, if any); control characters from outside cannot forge another."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """Return the line, its message escaped and cut to LINE_LIMIT."""
        line = super().formatMessage(record).translate(_ESCAPES)
        return line if len(line) <= LINE_LIMIT else f"{line[:LINE_LIMIT]}... ({len(line)} characters)"


class PipeHandler(logging.Handler):
    """Write to a file descriptor, and leave lines out while nobody reads them.

    multilog stops reading when the flash is full. A daemon that then waits for its log would fail everything else with
    it; this one counts what it left out, and says so when the reader is back.
    """

    def __init__(self, descriptor: int = 1) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._lost = 0
        self._is_torn = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; never blocks, never raises."""
        line = self.format(record)
        if self._lost and self._write(f"WARNING:{__name__}:{self._lost} records are missing here: nobody read the log"):
            self._lost = 0
        if not self._write(line):
            self._lost += 1

    def _write(self, text: str) -> bool:
        # After a record that was cut off in its middle, the next one begins on a line of its own.
        data = b"\n" * self._is_torn + text.encode(errors="backslashreplace") + b"\n"
        with contextlib.suppress(OSError):
            for start in range(0, len(data), WRITE_LIMIT_BYTES):
                events = self._poll.poll(0)
                if not events or not events[0][1] & select.POLLOUT:
                    return False
                os.write(self._descriptor, data[start : start + WRITE_LIMIT_BYTES])
                self._is_torn = start + WRITE_LIMIT_BYTES < len(data)
            return True
        return False


def configure_logging(*, debug: bool) -> None:
    """Send all logging, and Python's warnings, to stdout: INFO and above, everything with `debug`."""
    handler = PipeHandler()
    handler.setFormatter(LineFormatter(FORMAT))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.DEBUG if debug else logging.INFO)
    logging.captureWarnings(capture=True)
