"""The secret that lets other devices of the network in."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from daemonkit.errors import DaemonError

if TYPE_CHECKING:
    from pathlib import Path

TOKEN_BYTES = 16
"""128 bits: nobody guesses that, so failed tries need no counting."""
SHORTEST = 16
"""Characters of a token that a user has chosen."""
MAX_BYTES = 1024


def read_token(path: Path) -> str:
    """Return the token, made at the first start; only root may read the file. Raises DaemonError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.stat().st_size:
            path.unlink()  # the disk was full, or the power failed, between making and writing it
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read(path)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with os.fdopen(descriptor, "w") as file:
            file.write(token + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DaemonError(f"{path}: {error.strerror}: the token for the network cannot be kept") from None
    return token


def _read(path: Path) -> str:
    path.chmod(0o600)
    token = path.read_text(errors="replace")[:MAX_BYTES].strip()
    if len(token) < SHORTEST or not token.isascii():
        raise DaemonError(f"{path}: needs {SHORTEST} or more plain characters; remove the file to have a new one made")
    return token
