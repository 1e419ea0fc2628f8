"""A child process that is always ended again, and whose output is kept."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

START_LIMIT_S = 30.0  # a peer is up in well under a second; a loaded machine gets plenty more
STOP_LIMIT_S = 10.0  # after SIGTERM; then SIGKILL
POLL_S = 0.01
TAIL_CHARACTERS = 4000  # of a failed program's output, in the error text


class MissingProgramError(Exception):
    """A program that the peer needs is not installed."""


class PeerError(Exception):
    """The peer did not start, or ended by itself."""


def find_program(name: str) -> str:
    """Return the path of a program; daemons such as mosquitto live outside a plain user's PATH.

    Raises:
        MissingProgramError: it is not installed.
    """
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin:/opt/homebrew/sbin")
    if path is None:
        raise MissingProgramError(f"{name} is not installed (bin/test names the packages)")
    return path


class Peer:
    """Start `command` in its own process group, and end the whole group on `stop()`.

    Both `with` and `async with` start and stop it. `stop()` may be called twice; `start()` may follow `stop()`.
    A private temporary directory `directory` lives as long as the object is open.
    """

    def __init__(self, name: str, command: Sequence[str] = (), *, env: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.command = list(command)
        self.env = None if env is None else dict(env)
        # Short: a unix socket path has 107 bytes at most, and pytest's tmp_path is long.
        self.directory = Path(tempfile.mkdtemp(prefix="vd-", dir=os.environ.get("VENUS_DAEMONS_TEMP")))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running program."""
        if self.process is None:
            raise PeerError(f"{self.name} is not running")
        return self.process.pid

    @property
    def output(self) -> str:
        """Everything that the program printed so far, over all its starts."""
        path = self.directory / "output"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Start the program and wait until `is_ready()`.

        Raises:
            PeerError: it ended at once, or was not ready within START_LIMIT_S.
        """
        atexit.register(self.close)
        with (self.directory / "output").open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until(self.is_ready, "to be ready")

    def is_ready(self) -> bool:
        """Say whether the program can be used; a subclass knows how to tell."""
        return True

    def wait_until(self, condition: Callable[[], bool], what: str, limit_s: float = START_LIMIT_S) -> None:
        """Block until `condition()` is true.

        Raises:
            PeerError: the program ended, or the time was up; the text holds its last output.
        """
        deadline = time.monotonic() + limit_s
        while not condition():
            if self.process is not None and self.process.poll() is not None:
                raise PeerError(f"{self.name} ended with {self.process.returncode}: {self.output[-TAIL_CHARACTERS:]}")
            if time.monotonic() > deadline:
                raise PeerError(f"{self.name}: waited {limit_s:g} s {what}: {self.output[-TAIL_CHARACTERS:]}")
            time.sleep(POLL_S)

    def wait_output(self, text: str, limit_s: float = START_LIMIT_S) -> None:
        """Block until `text` was printed; raises PeerError as `wait_until`."""
        self.wait_until(lambda: text in self.output, f"for the output {text!r}", limit_s)

    def wait(self, limit_s: float = STOP_LIMIT_S) -> int:
        """Block until the program ended by itself, and return its exit code (negative: the signal).

        Raises:
            PeerError: it still runs after `limit_s`.
        """
        process = self.process
        if process is None:
            raise PeerError(f"{self.name} was not started")
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise PeerError(f"{self.name} still runs after {limit_s:g} s: {self.output[-TAIL_CHARACTERS:]}") from None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program alone (not to its children)."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End the whole process group with SIGKILL, and reap the program."""
        self._signal_group(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def stop(self) -> None:
        """End the program with SIGTERM, after STOP_LIMIT_S with SIGKILL, and whatever is left of its group."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self.process.poll() is None:
                self.process.terminate()
            self.process.wait(STOP_LIMIT_S)
        self.kill()
        self.process = None

    def close(self) -> None:
        """Stop the program and remove its directory."""
        atexit.unregister(self.close)
        try:
            self.stop()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _signal_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            # start_new_session made the pid the group id; it cannot be reused while a member of the group lives.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.close()
