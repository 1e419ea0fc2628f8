"""Reads messages from a D-Bus socket, in place of the reader inside dbus_fast (uncompiled) and dbus_next.

Nearly everything that a client of Venus receives is ItemsChanged, and nearly all the time it takes is generic
unmarshalling (uncompiled dbus_fast 5.2.0: 13 us per item, dbus_next 0.2.3: over 30). This reader cuts the stream into
messages and decodes the body of ItemsChanged itself. A sender's ItemsChanged have the same header each time, but for
serial and size of the body; so the first one goes through the library, which tells what it is, and the header's bytes
are remembered. All other messages go to the library unchanged.

It takes over only where it can see what the library's reader has received and not yet delivered (private parts; the
versions are pinned, a test fails when they change). Elsewhere, as with compiled dbus_fast, the library goes on reading.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from struct import Struct
from typing import Any

from velib_async.bus_interface import BUS_ITEM
from velib_async.items_changed import SIGNATURE, UnknownType
from velib_async.items_received import Changes, Decoder, MalformedBody

log = logging.getLogger(__name__)

READ_BYTES = 64 * 1024  # at a time; more than this waits only after a stall
MAX_MESSAGE_BYTES = 128 * 1024 * 1024  # D-Bus specification, "Message Protocol"
MAX_FIELDS_BYTES = 512  # of a header that is remembered; that of an ItemsChanged has about 120
MAX_SENDERS = 256  # headers remembered: as many as there can be connections of one user on a GX

_FIXED = Struct("<BBxxIII")  # byte order, type, size of the body, serial, size of the header fields
_LITTLE, _BIG = b"lB"
_SIGNAL = 4
_BIG_ENDIAN = Struct(">4xIII")

# (unique name of the sender, what changed)
ItemsChangedHandler = Callable[[str, Changes], None]


class MessageReader:
    """Cuts what is received into messages; ItemsChanged go to `on_items_changed`, others to the library.

    Args:
        unmarshall: Makes the library's message of the bytes of one message.
        deliver: Gives a message to the library.
        on_items_changed: Gets what the body of an ItemsChanged says.
        is_shared: Says whether others, too, want to see the messages: then all go to the library.
    """

    def __init__(
        self,
        *,
        unmarshall: Callable[[bytes], Any],
        deliver: Callable[[Any], object],
        on_items_changed: ItemsChangedHandler,
        is_shared: Callable[[], bool],
    ) -> None:
        self._unmarshall = unmarshall
        self._deliver = deliver
        self._on_items_changed = on_items_changed
        self._is_shared = is_shared
        self._senders: dict[bytes, str] = {}  # header fields of an ItemsChanged -> who sent it
        self._decoder = Decoder()
        self._rest = bytearray()  # the beginning of a message
        self._wanted = _FIXED.size  # bytes, before there is anything to do with the rest
        self.dropped = 0  # messages that could not be read

    def feed(self, data: bytes) -> None:
        """Take what was received.

        Raises:
            ValueError: This is no D-Bus stream; the connection is of no use any more.
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return
            data = bytes(self._rest)
            self._rest.clear()
        begin, received = 0, len(data)
        self._wanted = _FIXED.size
        while received - begin >= _FIXED.size:
            order, kind, body_size, _, fields_size = _FIXED.unpack_from(data, begin)
            if order == _BIG:
                body_size, _, fields_size = _BIG_ENDIAN.unpack_from(data, begin)
            elif order != _LITTLE:
                raise ValueError(f"byte order {order:#x} at the beginning of a message")
            body = begin + _FIXED.size + ((fields_size + 7) & -8)
            end = body + body_size
            if end - begin > MAX_MESSAGE_BYTES:
                raise ValueError(f"message of {end - begin} bytes; D-Bus allows {MAX_MESSAGE_BYTES}")
            if end > received:
                self._wanted = end - begin
                break
            fields = data[begin + _FIXED.size : begin + _FIXED.size + fields_size]
            sender = self._senders.get(fields) if kind == _SIGNAL and order == _LITTLE else None
            if sender is None or not self._read_items(sender, data[body:end]):
                self._read_any(data[begin:end], fields)
            begin = end
        self._rest += data[begin:]

    def _read_items(self, sender: str, body: bytes) -> bool:
        """Deliver an ItemsChanged; False: the library has to."""
        if self._is_shared():
            return False
        try:
            changes = self._decoder.decode(body)
        except UnknownType:
            return False
        except MalformedBody as error:
            self._drop(f"ItemsChanged of {sender}", error)
            return True
        try:
            self._on_items_changed(sender, changes)
        except Exception:  # as both libraries do: a handler that fails costs one message
            log.exception("ItemsChanged of %s: a handler failed", sender)
        return True

    def _read_any(self, frame: bytes, fields: bytes) -> None:
        try:
            message = self._unmarshall(frame)
        except Exception as error:  # noqa: BLE001 - the libraries raise whatever comes up; the next message is in sight
            self._drop("a message", error)
            return
        if message.member == "ItemsChanged" and frame[0] == _LITTLE and frame[1] == _SIGNAL:
            self._remember(fields, message)
        try:
            self._deliver(message)
        except Exception:  # as above
            log.exception("%s of %s: a handler failed", message.member, message.sender)

    def _remember(self, fields: bytes, message: Any) -> None:
        if message.interface == BUS_ITEM and message.signature == SIGNATURE and len(fields) <= MAX_FIELDS_BYTES:
            if len(self._senders) >= MAX_SENDERS:
                self._senders.clear()
            self._senders[fields] = message.sender

    def _drop(self, what: str, error: Exception) -> None:
        self.dropped += 1
        level = logging.WARNING if self.dropped == 1 else logging.DEBUG
        log.log(level, "%s is dropped (%d so far): %s: %s", what, self.dropped, type(error).__name__, error)


def replace_reader(bus: Any, on_items_changed: ItemsChangedHandler) -> MessageReader | None:
    """Gives a connected MessageBus our reader; None: the library goes on reading.

    One handler on the bus is the caller's, or will be. While there is another one, it sees all messages, as ever.
    """
    if bus._negotiate_unix_fd:  # noqa: SLF001 - see the module's text. File descriptors take another way of reading
        return None
    taken = _take_from_dbus_next(bus) if hasattr(bus, "_unmarshaller") else _take_from_dbus_fast(bus)
    if taken is None:
        return None
    unmarshaller, deliver, rest = taken
    reader = MessageReader(
        unmarshall=lambda frame: unmarshaller(io.BytesIO(frame)).unmarshall(),
        deliver=deliver,
        on_items_changed=on_items_changed,
        is_shared=lambda: len(bus._user_message_handlers) > 1,  # noqa: SLF001
    )
    receive, finalize = bus._sock.recv, bus._finalize  # noqa: SLF001

    def read() -> None:
        try:
            data = receive(READ_BYTES)
            reader.feed(data)
        except (BlockingIOError, InterruptedError):
            return
        except (OSError, ValueError) as error:
            finalize(error)  # the way in which the libraries' own readers report the end
        else:
            if not data:
                finalize(EOFError("the bus daemon closed the connection"))

    bus._loop.add_reader(bus._fd, read)  # noqa: SLF001 - takes the place of the library's
    if rest:
        bus._loop.call_soon(reader.feed, rest)  # noqa: SLF001 - before anything is read: that is a turn later
    return reader


_Taken = tuple[Callable[[Any], Any], Callable[[Any], object], bytes]  # unmarshaller, delivery, what has come already


def _take_from_dbus_fast(bus: Any) -> _Taken | None:
    try:
        callback = bus._loop._selector.get_key(bus._fd).data[0]._callback  # noqa: SLF001
        unmarshaller = callback.args[0]
        done = _FIXED.size + unmarshaller._msg_len if unmarshaller._read_complete else 0  # noqa: SLF001
        rest = bytes(unmarshaller._buf[done:])  # noqa: SLF001
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return None  # compiled, or another event loop, or another version
    # Nothing for the old reader to find, should it be at work this moment: a message handler may have called us.
    del unmarshaller._buf[done:]  # noqa: SLF001
    unmarshaller._buf_len = done  # noqa: SLF001
    return type(unmarshaller), bus._process_message, rest  # noqa: SLF001


class _Nothing:
    """Stands in for dbus_next's unmarshaller."""

    def unmarshall(self) -> None:
        """Has no message."""


def _take_from_dbus_next(bus: Any) -> _Taken | None:
    try:
        unmarshaller, stream = bus._unmarshaller, bus._stream  # noqa: SLF001
        begun = b"" if unmarshaller.message else bytes(unmarshaller.buf)
        rest = begun + stream.read(len(stream.peek()))
    except (AttributeError, OSError, TypeError, ValueError):
        return None  # another version, or a connection that has ended
    bus._unmarshaller = _Nothing()  # noqa: SLF001 - for the old reader, as above
    bus._create_unmarshaller = _Nothing  # noqa: SLF001
    return type(unmarshaller), bus._on_message, rest  # noqa: SLF001
