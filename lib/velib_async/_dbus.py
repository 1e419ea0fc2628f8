"""Puts `Bus` on a MessageBus of dbus_fast or dbus_next. Only the files that begin with `_` know these libraries.

Both libraries share one ancestor and, where it matters here, one shape: message handlers, `call`, `send`, Message and
Variant. The private parts that are used are named where they are; the pins are 5.2.0 and 0.2.3.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from typing import TYPE_CHECKING, Any, cast

from velib_async._handlers import Handlers
from velib_async._incoming import DBusCall, items_from, unwrap
from velib_async._items_message import ItemsMessages
from velib_async._reader import replace_reader
from velib_async._writer import ANSWERS_LIMIT, MessageWriter, replace_writer
from velib_async.bus_interface import (
    BUS_ITEM,
    CALL_TIMEOUT_S,
    NO_REPLY,
    Library,
    Published,
    Signal,
)
from velib_async.errors import BusLost, CallError, CallTimeout, VelibError
from velib_async.values import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

log = logging.getLogger(__name__)

LIBRARIES: tuple[Library, ...] = ("dbus_fast", "dbus_next")  # in order of preference


class DBusBus(Handlers):
    """One connection to a real bus; see `bus_interface.Bus`. Made by `adapt`, once per MessageBus."""

    def __init__(self, message_bus: Any, library: ModuleType) -> None:
        super().__init__()
        self.library = library
        self._bus = message_bus
        self._answers: dict[int, asyncio.Future[Any]] = {}  # by serial of the call; None: the connection ended
        self._is_closing = False
        self._error: BaseException | None = None
        self._ended = asyncio.Event()
        self._writer = replace_writer(message_bus)
        self._writer.owner = self
        self.items_messages = ItemsMessages(library)
        self.reader = replace_reader(message_bus, self._tell_changes)
        message_bus.add_message_handler(self._on_message)
        self._listen_for_end()

    @property
    def unique_name(self) -> str:
        """The connection's own name."""
        return cast("str", self._bus.unique_name)

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for the bus daemon that callers get no answers."""
        return self._writer.backlog > ANSWERS_LIMIT

    async def call(  # noqa: PLR0917 - see bus.Bus
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        body: Sequence[Any] = (),
        *,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> list[Any]:
        """See `bus_interface.Bus.call`."""
        message = self.library.Message(
            destination=destination,
            path=path,
            interface=interface or None,
            member=member,
            signature=signature,
            body=wrap(signature, body, self.library.Variant),
            serial=self._bus.next_serial(),
        )
        if self._ended.is_set():
            raise self._lost()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[message.serial] = answer
        try:
            self._bus.send(message)
            async with asyncio.timeout(timeout_s):
                reply = await answer
        except TimeoutError:
            about = f"{destination}{path} {member}: no answer within {timeout_s:g} s"
            raise CallTimeout(NO_REPLY, about) from None
        finally:
            del self._answers[message.serial]
        if reply is None:
            raise self._lost()
        values = [unwrap(value) for value in reply.body]
        if reply.message_type is self.library.MessageType.ERROR:
            raise CallError(reply.error_name, values[0] if values and isinstance(values[0], str) else "")
        return values

    def send_signal(
        self, path: str, interface: str, member: str, signature: str = "", body: Sequence[Any] = ()
    ) -> None:
        """See `bus_interface.Bus.send_signal`."""
        self.send(self._signal(path, interface, member, signature, wrap(signature, body, self.library.Variant)))

    def send_items_changed(self, items: Iterable[Published]) -> asyncio.Future[None]:
        """See `bus_interface.Bus.send_items_changed`."""
        return self.send(self.items_messages.changed(items))

    def send(self, message: Any) -> asyncio.Future[None]:
        """Sends a message of the library; the future is done when it is written or the connection has ended."""
        if self._ended.is_set():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            future.set_result(None)
            return future
        return cast("asyncio.Future[None]", self._bus.send(message))

    async def wait_lost(self) -> None:
        """See `bus_interface.Bus.wait_lost`."""
        await self._ended.wait()
        if not self._is_closing and self._error is not None:
            raise self._lost()

    async def close(self) -> None:
        """See `bus_interface.Bus.close`."""
        self._is_closing = True
        if not self._ended.is_set():
            self._bus.disconnect()
            await self._ended.wait()
        # dbus_next leaves both open until they are garbage.
        for resource in (self._bus._stream, self._bus._sock):  # noqa: SLF001
            with contextlib.suppress(OSError, ValueError):
                resource.close()

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> Any:
        return self.library.Message(
            message_type=self.library.MessageType.SIGNAL,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=body,
            flags=self.library.MessageFlag.NO_REPLY_EXPECTED,
        )

    def _on_message(self, message: Any) -> bool:
        kind = message.message_type
        if kind is self.library.MessageType.SIGNAL:
            self._on_signal(message)
        elif kind is self.library.MessageType.METHOD_CALL and self._call_handler is not None:
            return self._call_handler(DBusCall(self, message))
        elif answer := self._answers.get(message.reply_serial):
            if not answer.done():
                answer.set_result(message)
            return True
        return False

    def _on_signal(self, message: Any) -> None:
        if message.interface == BUS_ITEM:
            if self._changes_handlers and (changes := items_from(message)):
                self._tell_changes(message.sender, changes)
        elif self._signal_handlers:
            body = [unwrap(value) for value in message.body]
            self._tell_signal(Signal(message.sender, message.path, message.interface, message.member, body))

    def _listen_for_end(self) -> None:
        # What the libraries' wait_for_disconnect awaits.
        self._bus._disconnect_future.add_done_callback(self._on_disconnect)  # noqa: SLF001

    def _on_disconnect(self, future: asyncio.Future[None]) -> None:
        if future.cancelled():
            # A task that waited in wait_for_disconnect was cancelled, and the library's only notice of the end with
            # it. The connection is alive; we need a new notice.
            self._bus._disconnect_future = asyncio.get_running_loop().create_future()  # noqa: SLF001
            self._listen_for_end()
            return
        self._error = future.exception()
        self._writer.end()
        self._ended.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(None)

    def _lost(self) -> BusLost:
        error = self._error
        reason = f"{type(error).__name__} {error}".strip() if error else "it was closed"
        return BusLost(f"the D-Bus connection {self.unique_name} has ended: {reason}")


def adapt(message_bus: Any) -> DBusBus:
    """Returns the Bus on a MessageBus; the same one each time.

    Raises:
        TypeError: It is no MessageBus of a known library.
        VelibError: It is not connected.
    """
    for name in LIBRARIES:
        if any(base.__module__.startswith(f"{name}.") for base in type(message_bus).__mro__):
            break
    else:
        raise TypeError(f"{type(message_bus).__name__} is no MessageBus of {' or '.join(LIBRARIES)}")
    if not message_bus.unique_name:
        raise VelibError("the MessageBus is not connected: await its connect() first")
    writer = message_bus._writer  # noqa: SLF001 - dbus_fast's MessageBus takes no other attribute and no weak reference
    if isinstance(writer, MessageWriter):
        return cast("DBusBus", writer.owner)
    return DBusBus(message_bus, importlib.import_module(name))
