"""A record of what was done to the vehicle, kept over restarts."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 200_000
"""Then the file is moved to .old, replacing that: some hundreds of clearings."""


def write_record(path: Path, what: str, by: str, details: Any) -> None:
    """Append one line of JSON, on the flash before this returns. Raises OSError."""
    line = json.dumps({"time": int(time.time()), "what": what, "by": by, "details": details}, default=str)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_suffix(".old"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
