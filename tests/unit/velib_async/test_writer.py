"""The writer on a real socket pair, under a stand-in for the MessageBus that owns it."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velib_async import _writer
from velib_async._writer import MessageWriter, replace_writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Message:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.unix_fds: list[int] = []

    def _marshall(self, _negotiate_unix_fd: bool) -> bytes:  # noqa: FBT001 - as the libraries have it
        return self._data


class BusEnd:
    """What the writer knows of a MessageBus, with a small socket, and the far end of it."""

    def __init__(self) -> None:
        self._sock, self.far = socket.socketpair()
        self._sock.setblocking(False)
        self.far.setblocking(False)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self._loop = asyncio.get_running_loop()
        self._fd = self._sock.fileno()
        self._negotiate_unix_fd = False
        self.errors: list[Exception] = []
        self._writer: Any = None

    def _finalize(self, error: Exception) -> None:
        self.errors.append(error)

    async def read(self, size: int) -> bytes:
        data = b""
        async with asyncio.timeout(20):
            while len(data) < size:
                data += await self._loop.sock_recv(self.far, 1000)
        return data

    def close(self) -> None:
        self._loop.remove_writer(self._fd)
        self._sock.close()
        self.far.close()


@pytest.fixture
async def end() -> AsyncIterator[BusEnd]:
    end = BusEnd()
    yield end
    end.close()


def send(writer: MessageWriter, data: bytes) -> asyncio.Future[None]:
    future = asyncio.get_running_loop().create_future()
    writer.schedule_write(Message(data), future)
    return future


async def test_message_leaves_at_once_when_the_socket_takes_it(end: BusEnd) -> None:
    writer = MessageWriter(end)
    assert send(writer, b"hello").done()
    assert writer.backlog == 0
    assert await end.read(5) == b"hello"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 20_000), max_size=30))
def test_messages_arrive_whole_and_in_order_through_a_full_socket(sizes: list[int]) -> None:
    async def run() -> None:
        end = BusEnd()
        writer = MessageWriter(end)
        messages = [bytes([number % 256]) * size for number, size in enumerate(sizes)]
        futures = [send(writer, message) for message in messages]
        assert await end.read(sum(sizes)) == b"".join(messages)
        async with asyncio.timeout(20):
            for future in futures:
                await future
        assert (writer.backlog, end.errors) == (0, [])
        end.close()

    asyncio.run(run())


async def test_broken_socket_is_reported_once_and_nobody_waits_for_ever(end: BusEnd) -> None:
    writer = MessageWriter(end)
    waiting = [send(writer, b"x" * 100_000) for _ in range(3)]
    end.far.close()
    async with asyncio.timeout(20):
        await asyncio.gather(*waiting)
    assert [type(error) for error in end.errors] in ([BrokenPipeError], [ConnectionResetError])
    assert send(writer, b"late").done()
    assert len(end.errors) == 1


async def test_bus_that_reads_nothing_is_given_up(end: BusEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_writer, "BACKLOG_LIMIT", 300_000)
    writer = MessageWriter(end)
    futures = []
    while not end.errors:
        futures.append(send(writer, b"x" * 10_000))
        assert writer.backlog <= 300_000
    assert "reads nothing" in str(end.errors[0])
    assert all(future.done() for future in futures)


async def test_message_that_the_bus_would_not_take_is_refused(end: BusEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_writer, "MESSAGE_LIMIT", 100)
    writer = MessageWriter(end)
    with pytest.raises(ValueError, match="the limit is 100"):
        send(writer, b"x" * 101)
    assert send(writer, b"x" * 100).done()


@pytest.mark.parametrize("library", ["dbus_fast", "dbus_next"])
async def test_what_the_library_had_not_written_yet_is_written_first(end: BusEnd, library: str) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    messages: Any = deque() if library == "dbus_fast" else asyncio.Queue()
    append = messages.append if library == "dbus_fast" else messages.put_nowait
    append((b"second ", None, None))
    append((b"third ", [], None))
    old = SimpleNamespace(buf=memoryview(b"..first "), offset=2, unix_fds=None, fut=future, messages=messages)
    end._writer = old
    writer = replace_writer(end)
    assert end._writer is writer
    send(writer, b"fourth")
    assert await end.read(25) == b"first second third fourth"
    assert future.done()


async def test_file_descriptors_are_passed_on(end: BusEnd) -> None:
    end._negotiate_unix_fd = True
    writer = MessageWriter(end)
    message = Message(b"with a file")
    message.unix_fds = [end.far.fileno()]
    writer.schedule_write(message)
    data, descriptors, _, _ = socket.recv_fds(end.far, 100, 1)
    assert data == b"with a file"
    assert len(descriptors) == 1
    socket.socket(fileno=descriptors[0]).close()
