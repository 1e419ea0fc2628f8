"""One D-Bus connection that owns at most one name and answers all its calls in one place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Self
from xml.sax.saxutils import quoteattr

from dbus_fast import (
    DBusError,
    ErrorType,
    Message,
    MessageFlag,
    MessageType,
    NameFlag,
    RequestNameReply,
)
from dbus_fast.aio import MessageBus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

CALL_TIMEOUT_S: Final = 25.0
"""What D-Bus clients wait by custom; a peer that needs longer counts as failed."""

CONNECT_TIMEOUT_S: Final = 30.0
"""A local bus answers in milliseconds; this bounds a start under heavy load."""

INTROSPECTABLE: Final = "org.freedesktop.DBus.Introspectable"
DBUS: Final = "org.freedesktop.DBus"

Answer = tuple[str, list[Any]]
"""Signature and body of a method's reply."""


class UnknownMethodError(DBusError):
    """The object is there, but does not have the method."""

    def __init__(self, message: Message) -> None:
        super().__init__(ErrorType.UNKNOWN_METHOD, f"{message.path} has no method {message.interface}.{message.member}")


class UnknownObjectError(DBusError):
    """There is no object at the path."""

    def __init__(self, path: str | None) -> None:
        super().__init__(ErrorType.UNKNOWN_OBJECT, f"no object at {path}")


class Connection:
    """A bus connection as an async context manager. Ending the block closes it, which also releases its name.

    on_call gets each method call and returns (signature, body), raises DBusError, or returns an awaitable of either.
    on_signal gets each signal for which a match rule was added.
    """

    def __init__(
        self,
        address: str,
        *,
        on_call: Callable[[Message], Answer | Awaitable[Answer]] | None = None,
        on_signal: Callable[[Message], None] | None = None,
    ) -> None:
        self._bus = MessageBus(bus_address=address)
        self._on_call = on_call
        self._on_signal = on_signal
        self._answers: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await self._bus.connect()
        self._bus.add_message_handler(self._route)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        self._bus.disconnect()

    @property
    def unique_name(self) -> str:
        """The name that the bus gave this connection."""
        return self._bus.unique_name or ""

    async def own(self, name: str) -> None:
        """Take a well-known name; raises DBusError when somebody else has it."""
        reply = await self._bus.request_name(name, NameFlag.DO_NOT_QUEUE)
        if reply is not RequestNameReply.PRIMARY_OWNER:
            raise DBusError(ErrorType.FAILED, f"{name} is taken")

    async def wait_closed(self) -> None:
        """Return when the connection has ended; raises what ended it."""
        await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # dbus_fast leaves it untyped

    async def call(  # noqa: PLR0917 - the order of every D-Bus call
        self, destination: str, path: str, interface: str, member: str, signature: str = "", body: Iterable[Any] = ()
    ) -> list[Any]:
        """Call a method. Returns the reply's body as dbus_fast delivers it; raises DBusError or TimeoutError."""
        message = Message(
            destination=destination,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        async with asyncio.timeout(CALL_TIMEOUT_S):
            reply = await self._bus.call(message)
        if reply is None:
            raise DBusError(ErrorType.NO_REPLY, f"{destination} did not answer {member}")
        if reply.message_type is MessageType.ERROR:
            text = reply.body[0] if reply.signature.startswith("s") else ""
            raise DBusError(reply.error_name or ErrorType.FAILED, str(text))
        return list(reply.body)

    async def match(self, rule: str) -> None:
        """Ask the bus for the signals of a match rule."""
        await self.call(DBUS, "/org/freedesktop/DBus", DBUS, "AddMatch", "s", [rule])

    def emit(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        """Broadcast a signal."""
        if self._bus.connected:
            self._bus.send(Message.new_signal(path, interface, member, signature, body))

    def _route(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL:
            if self._on_signal is not None:
                self._on_signal(message)
            return None
        if message.message_type is not MessageType.METHOD_CALL or self._on_call is None:
            return None
        if (message.interface or "").startswith("org.freedesktop.DBus.") and message.interface != INTROSPECTABLE:
            return None  # Peer is answered by the library
        answer = self._on_call(message)
        if isinstance(answer, tuple):
            return self._reply(message, answer) or True
        task = asyncio.ensure_future(self._answer_later(message, answer))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)
        return True

    async def _answer_later(self, message: Message, answer: Awaitable[Answer]) -> None:
        try:
            reply = self._reply(message, await answer)
        except DBusError as error:
            reply = Message.new_error(message, error.type, error.text)
        if reply is not None and self._bus.connected:
            self._bus.send(reply)

    @staticmethod
    def _reply(message: Message, answer: Answer) -> Message | None:
        if message.flags & MessageFlag.NO_REPLY_EXPECTED:
            return None
        return Message.new_method_return(message, answer[0], answer[1])


def introspection(children: Iterable[str], interface: str = "") -> Answer:
    """The answer to Introspect for an object with these child nodes."""
    nodes = "".join(f"<node name={quoteattr(child)}/>" for child in sorted(children))
    own = f"<interface name={quoteattr(interface)}/>" if interface else ""
    return "s", [f"<node>{own}{nodes}</node>"]
