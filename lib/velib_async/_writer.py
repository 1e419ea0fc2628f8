"""Writes messages to a D-Bus socket, in place of the writer inside dbus_fast and dbus_next.

Both libraries (dbus_fast 5.2.0, dbus_next 0.2.3) treat a full socket buffer as a broken connection: `send` raises
BlockingIOError, they take that for an error and give the connection up (altdesktop/python-dbus-next#153). dbus_next
does so in its writing loop; dbus_fast does when a message is sent while the one before it is written halfway. On a
GX it happens whenever the bus daemon is busy for a moment. A MessageBus touches its writer in one way only,
`schedule_write`, so an object with that method takes its place. Versions are pinned, and a test fails when this
stops being true.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import socket
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# The bus daemon ends a connection that sends a longer message: libdbus' max_message_size, which Venus leaves as it is.
MESSAGE_LIMIT = 32 * 1024 * 1024
# With so much waiting, callers get an error instead of an answer: a service of many long texts, asked by many at once,
# is no reason to lose the connection. ItemsChanged never waits here (one message at a time).
ANSWERS_LIMIT = 16 * 1024 * 1024
# The largest answer always fits. What is beyond are our own calls and those errors: a bus daemon that is so far behind
# is as good as gone.
BACKLOG_LIMIT = ANSWERS_LIMIT + MESSAGE_LIMIT


class MessageTooLong(ValueError):  # noqa: N818 - as in `errors`
    """The bus daemon would not take this message, and end the connection."""


class MessageWriter:
    """Writes messages in order, as fast as the socket takes them.

    Args:
        bus: The MessageBus whose writer this becomes; connected.
    """

    def __init__(self, bus: Any) -> None:
        self._bus = bus
        self._sock: socket.socket = bus._sock  # noqa: SLF001 - see the module's text
        self._loop: asyncio.AbstractEventLoop = bus._loop  # noqa: SLF001
        self._fd: int = bus._fd  # noqa: SLF001
        self._negotiate_unix_fd: bool = bus._negotiate_unix_fd  # noqa: SLF001
        self._queue: deque[tuple[memoryview, list[int], asyncio.Future[Any] | None]] = deque()
        self._is_waiting = False  # for the socket to become writable
        self._is_ended = False
        self.backlog = 0  # bytes that wait
        self.owner: Any = None  # the DBusBus that works on this MessageBus

    def schedule_write(self, msg: Any = None, future: asyncio.Future[Any] | None = None) -> None:
        """Takes a message; the future is done when it has been written.

        Raises:
            MessageTooLong: See there; nothing was sent.
        """
        if self._is_ended:
            _resolve(future)
            return
        if msg is None:
            return
        data = msg._marshall(self._negotiate_unix_fd)  # noqa: SLF001 - as the libraries' own writers do
        if len(data) > MESSAGE_LIMIT:
            raise MessageTooLong(f"message of {len(data)} bytes; the limit is {MESSAGE_LIMIT}")
        self._queue.append((memoryview(data), list(msg.unix_fds or ()), future))
        self.backlog += len(data)
        if self.backlog > BACKLOG_LIMIT:
            self._give_up(ConnectionError(f"the bus daemon reads nothing: {self.backlog} bytes wait for it"))
        elif not self._is_waiting:
            self._write()

    def take_over(self, old: Any) -> None:
        """Continues where a library's own writer stands."""
        self._loop.remove_writer(self._fd)
        for data, unix_fds, future in _waiting(old):
            self._queue.append((memoryview(data), list(unix_fds or ()), future))
            self.backlog += len(data)
        self._write()

    def end(self) -> None:
        """Forgets what waits, because the connection is gone; whoever waits for it to be written waits no more."""
        self._is_ended = True
        self._stop_waiting()
        self.backlog = 0
        while self._queue:
            _resolve(self._queue.popleft()[2])

    def _write(self) -> None:
        """Writes until all is written or the socket takes no more."""
        while self._queue:
            data, unix_fds, future = self._queue[0]
            try:
                sent = self._send(data, unix_fds)
            except (BlockingIOError, InterruptedError):
                self._start_waiting()
                return
            except OSError as error:
                self._give_up(error)
                return
            self.backlog -= sent
            if sent < len(data):
                self._queue[0] = (data[sent:], [], future)
                continue  # until it says no
            self._queue.popleft()
            _resolve(future)
        self._stop_waiting()

    def _send(self, data: memoryview, unix_fds: list[int]) -> int:
        if unix_fds and self._negotiate_unix_fd:
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", unix_fds))
            return self._sock.sendmsg((data,), (rights,))
        return self._sock.send(data)

    def _start_waiting(self) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._loop.add_writer(self._fd, self._write)

    def _stop_waiting(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            # The library removes reader and writer itself when the connection ends.
            with contextlib.suppress(OSError, ValueError):
                self._loop.remove_writer(self._fd)

    def _give_up(self, error: Exception) -> None:
        self.end()
        self._bus._finalize(error)  # noqa: SLF001 - the way in which its own writer reports the end


def replace_writer(bus: Any) -> MessageWriter:
    """Gives a connected MessageBus our writer, and this what its own has not written yet."""
    old = bus._writer  # noqa: SLF001 - see the module's text
    writer = MessageWriter(bus)
    writer.take_over(old)
    bus._writer = writer  # noqa: SLF001
    return writer


def _waiting(old: Any) -> Iterator[tuple[Any, list[int] | None, asyncio.Future[Any] | None]]:
    """Empties a library's writer: the message it has begun, then the others."""
    if old.buf is not None:
        yield old.buf[old.offset :], old.unix_fds, old.fut
        old.buf = None
    messages = old.messages
    while messages.qsize() if isinstance(messages, asyncio.Queue) else messages:
        yield messages.get_nowait() if isinstance(messages, asyncio.Queue) else messages.popleft()


def _resolve(future: asyncio.Future[Any] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)
