"""What a daemon must remember over restarts and power cuts, as JSON on the flash of /data."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from daemonkit.atomicfile import replace_file
from daemonkit.ratelimit import LogOnce

if TYPE_CHECKING:
    from pathlib import Path

# The CCGX has about 18 MB free on /data for everything that its owner installs.
SIZE_LIMIT_BYTES = 1_000_000

_log = logging.getLogger(__name__)
_trouble = LogOnce()


def load_state(path: Path) -> Any | None:
    """Return what `save_state` wrote, None when there is nothing.

    A damaged file is set aside as `<name>.bad` (replacing an older one) and logged: a daemon starts without its
    memory rather than not at all.
    """
    try:
        return json.loads(_read_limited(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.error("%s cannot be read (%s): starting without it", path, error.strerror)
    except (ValueError, RecursionError) as error:
        set_aside(path, error)
    return None


def save_state(path: Path, value: Any) -> bool:
    """Write `value` (anything JSON) durably and atomically; call it rarely, flash wears.

    Blocks for as long as the flash takes: from a running loop, call it through asyncio.to_thread.

    Returns:
        False when the file system refused (full, read-only); the old state is then still there. It is logged once,
        and once when it works again.

    Raises:
        TypeError, ValueError: `value` is not JSON, or larger than SIZE_LIMIT_BYTES.
    """
    content = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    if len(content) > SIZE_LIMIT_BYTES:
        raise ValueError(f"the state for {path} has {len(content)} bytes, allowed are {SIZE_LIMIT_BYTES}")
    try:
        replace_file(path, content, durable=True)
    except OSError as error:
        if _trouble.broke(path):
            _log.warning("%s cannot be written (%s): changes are lost at a restart", path, error.strerror)
        return False
    if _trouble.mended(path):
        _log.info("%s is written again", path)
    return True


def set_aside(path: Path, reason: object) -> None:
    """Keep a file that makes no sense as `<name>.bad`, replacing an older one, and say so in the log."""
    bad = path.with_name(f"{path.name}.bad")
    try:
        path.replace(bad)
    except OSError as error:
        _log.error(
            "%s is damaged (%s) and cannot be moved aside (%s): starting without it", path, reason, error.strerror
        )
    else:
        _log.error("%s is damaged (%s): kept as %s, starting without it", path, reason, bad.name)


def _read_limited(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(SIZE_LIMIT_BYTES + 1)
    if len(content) > SIZE_LIMIT_BYTES:
        raise ValueError(f"larger than {SIZE_LIMIT_BYTES} bytes")
    return content
