"""python-OBD's Async connection as seen by programs: the same methods, but none of them ever blocks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from obdio.errors import Refused
from obdio.table import load, only_reads

if TYPE_CHECKING:
    from obdio.snapshot import Snapshot
    from obdio.worker import Worker

logger = logging.getLogger(__name__)

OWNER = "io.connection"
"""Whose wishes the commands watched through this object are."""

Callback = Callable[[Any], Any]


class Connection:
    """The vehicle. Values come from the adapter's thread; query() gives the last one of a watched command."""

    def __init__(self, worker: Worker, default_callback: Callable[[Any], None]) -> None:
        self.worker = worker
        self._default = default_callback
        self._lock = threading.Lock()
        self._last: dict[str, tuple[Any, float]] = {}
        self._callbacks: dict[str, list[Callback]] = {}
        self._failed: set[str] = set()

    @property
    def snapshot(self) -> Snapshot:
        """Everything known about the link right now."""
        return self.worker.snapshot

    @property
    def running(self) -> bool:
        """Whether watched commands are being polled."""
        return self.worker.is_polling and self.is_connected()

    @property
    def supported_commands(self) -> set[Any]:
        """The commands that the vehicle answers; without CLEAR_DTC, which must never be polled."""
        table = self.worker.table
        return {table.find(name) for name in self.snapshot.supported} if table else set()

    def status(self) -> str:
        """Return python-OBD's word for the state, such as "Car Connected"."""
        return self.snapshot.status

    def is_connected(self) -> bool:
        """Whether the vehicle answers."""
        return self.status() == "Car Connected"

    def port_name(self) -> str:
        """Return the port in use, "" when none is."""
        return self.snapshot.port if self.snapshot.protocol_name or self.status() != "Not Connected" else ""

    def protocol_id(self) -> str:
        """Return ELM's number of the protocol, "" when not connected."""
        return self.snapshot.protocol_id

    def protocol_name(self) -> str:
        """Return the name of the protocol, "" when not connected."""
        return self.snapshot.protocol_name

    def supports(self, cmd: Any) -> bool:
        """Whether the vehicle answers cmd."""
        return cmd is not None and cmd.name in self.snapshot.supported

    def test_cmd(self, cmd: Any, warn: bool = True) -> bool:  # noqa: FBT001, FBT002 - python-OBD's signature
        """Whether cmd would be sent without force."""
        if not self.supports(cmd) and warn:
            logger.warning("'%s' is not supported by the vehicle", cmd)
        return self.supports(cmd)

    def watch(self, c: Any, callback: Callback | None = None, force: bool = False) -> None:  # noqa: FBT001, FBT002
        """Poll c from now on and give every response to callback. Raises Refused for one that does not only read.

        force: also when the vehicle does not list it, which makes commands of a program's own possible (OBDCommand).
        """
        if not only_reads(c):
            raise Refused(f"{c.name} does not only read, so it cannot be watched")
        if not force and self.snapshot.supported and not self.test_cmd(c):
            return
        with self._lock:
            callbacks = self._callbacks.setdefault(c.name, [])
            if callback is not None and callback not in callbacks:
                callbacks.append(callback)
        if force:
            self.worker.force(c)
        self.worker.want(OWNER, [c.name])

    def unwatch(self, c: Any, callback: Callback | None = None) -> None:
        """Take back a watch, or only one callback of it."""
        with self._lock:
            callbacks = self._callbacks.get(c.name, [])
            if callback in callbacks:
                callbacks.remove(callback)
            if callback is not None and callbacks:
                return
            self._callbacks.pop(c.name, None)
        self.worker.drop(OWNER, [c.name])

    def unwatch_all(self) -> None:
        """Take back every watch of this object; those of Socket.IO clients stay."""
        with self._lock:
            self._callbacks.clear()
        self.worker.drop(OWNER)

    def start(self) -> None:
        """Poll again after stop()."""
        self.worker.set_polling(True)

    def stop(self) -> None:
        """Pause polling for everybody."""
        self.worker.set_polling(False)

    @contextmanager
    def paused(self) -> Iterator[bool]:
        """Pause polling for the length of a with block; gives whether it was running."""
        was_polling = self.worker.is_polling
        self.stop()
        try:
            yield was_polling
        finally:
            if was_polling:
                self.start()

    def query(self, c: Any, force: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002 - python-OBD's signature
        """Return the last response to c; an empty one when nothing came, c is not watched, or no vehicle answers."""
        last = self._last.get(c.name) if self.is_connected() and self.worker.is_wanted(c.name) else None
        return load().OBDResponse() if last is None else last[0]

    def last(self, name: str, max_age_s: float = float("inf")) -> Any | None:
        """Return the last response to the command called name, None when none came within max_age_s."""
        response, received = self._last.get(name, (None, 0.0))
        return response if time.monotonic() - received <= max_age_s else None

    def low_power(self) -> str:
        """Stop asking and have the adapter shut off all but its ear on the line; returns the state until now."""
        self.worker.sleep()
        return self.status()

    def normal_power(self) -> str:
        """Wake the adapter and open the link again; returns the state until now."""
        self.worker.reconnect()
        return self.status()

    def print_commands(self) -> None:
        """Print the commands that the vehicle answers, for use at a prompt."""
        for command in sorted(self.supported_commands, key=lambda command: (command.command, command.name)):
            print(command)  # noqa: T201 - its purpose

    def close(self) -> None:
        """Close the port and forget all values; connect_obd() or reopen() opens it again."""
        self._last.clear()
        self.worker.disconnect()

    def reopen(self) -> None:
        """Open the port again after close()."""
        self.worker.reconnect()

    def receive(self, responses: list[Any]) -> None:
        """Take responses from the adapter's thread and hand them to the callbacks."""
        now = time.monotonic()
        for response in responses:
            self._last[response.command.name] = (response, now)
            for callback in [*self._callbacks.get(response.command.name, ()), self._default]:
                self._call(callback, response)

    def forget(self) -> None:
        """Drop all values: when something has changed, an old value must not look like a new one."""
        self._last.clear()

    def _call(self, callback: Callback, response: Any) -> None:
        try:
            callback(response)
        except Exception:  # a user's function; python-OBD's thread would die of it without a word
            name = getattr(callback, "__qualname__", repr(callback))
            if name not in self._failed:
                self._failed.add(name)
                logger.exception("the callback %s failed; later failures of it are not shown", name)
