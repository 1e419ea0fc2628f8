"""multilog's time stamps (TAI64N, https://cr.yp.to/libtai/tai64.html) as local time. Pure but for the time zone."""

from __future__ import annotations

import time

LABEL_LENGTH = 25  # "@" and 24 hex digits
# Labels of daemontools count from 1970-01-01 00:00:10 TAI; it knows no leap seconds.
EPOCH = 2**62 + 10


def split_label(line: str) -> tuple[float | None, str]:
    """Return the Unix time of a line's label and the rest; None and the whole line when it has none."""
    label = line[:LABEL_LENGTH]
    if len(label) < LABEL_LENGTH or label[0] != "@":
        return None, line
    try:
        seconds, nanoseconds = int(label[1:17], 16) - EPOCH, int(label[17:], 16)
    except ValueError:
        return None, line
    return seconds + nanoseconds / 1e9, line[LABEL_LENGTH:].lstrip(" ")


def make_readable(line: str) -> str:
    """Return a line with its label as local time."""
    moment, text = split_label(line)
    if moment is None:
        return line
    try:
        return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(moment))} {text}"
    except (OverflowError, ValueError, OSError):  # a damaged label can name any time
        return line
