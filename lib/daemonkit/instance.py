"""One daemon of a kind per run directory."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Self

from daemonkit.errors import DaemonError

if TYPE_CHECKING:
    from pathlib import Path


class AlreadyRunning(DaemonError):  # noqa: N818 (it names the state)
    """Another process holds the lock."""


class InstanceLock:
    """Hold `path` locked while open; the kernel releases it however the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            AlreadyRunning: names the process that holds it.
            DaemonError: the run directory cannot be used.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Close-on-exec (Python's default): a child of ours must not hold the lock after our end.
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise DaemonError(
                f"{self._path} cannot be opened: {error.strerror}; VENUS_DAEMONS_RUN names another run directory"
            ) from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(self._descriptor, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise AlreadyRunning(
                f"already running with pid {owner} ({self._path} is locked): stop that one first"
            ) from None
        os.truncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
