"""Received messages of dbus_fast and dbus_next, as the rest of this library sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from velib_async._writer import MessageTooLong
from velib_async.bus_interface import LIMITS_EXCEEDED
from velib_async.changes import changes_in
from velib_async.errors import VelibError
from velib_async.values import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from velib_async._dbus import DBusBus
    from velib_async.bus_interface import Changes, Published


def unwrap(value: Any) -> Any:
    """Replaces all variants of either library by their values, at any depth."""
    if isinstance(value, dict):
        return {key: unwrap(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [unwrap(element) for element in value] if value and not isinstance(value[0], _PLAIN) else value
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, bytearray):  # from uncompiled dbus_fast
        return bytes(value)
    return unwrap(value.value)


_PLAIN = (str, int, float, bytes, type(None))


def items_from(message: Any) -> Changes:
    """Reads what changed from a message of BusItem: the one place where these signals are decoded."""
    return changes_in(message.path, message.member, [unwrap(value) for value in message.body])


class DBusCall:
    """A method call from outside; see `bus_interface.IncomingCall`."""

    __slots__ = ("_is_answered", "_message", "_owner", "body", "interface", "member", "path", "sender", "signature")

    def __init__(self, owner: DBusBus, message: Any) -> None:
        self._owner = owner
        self._message = message
        self._is_answered = False
        self.sender: str = message.sender or ""
        self.path: str = message.path
        self.interface: str = message.interface or ""
        self.member: str = message.member
        self.signature: str = message.signature
        self.body: list[Any] = [unwrap(value) for value in message.body]

    def reply(self, signature: str = "", *values: Any) -> None:
        """Answers, unless the caller wants no answer."""
        library = self._owner.library
        body = wrap(signature, values, library.Variant)
        self._answer(lambda: library.Message.new_method_return(self._message, signature, body))

    def reply_items(self, items: Iterable[Published]) -> None:
        """Answers GetItems."""
        self._answer(lambda: self._owner.items_messages.answer(self._message, items))

    def refuse(self, name: str, text: str) -> None:
        """Answers with an error."""
        self._begin_answer()
        self._send(self._owner.library.Message.new_error(self._message, name, text))

    def _answer(self, make: Callable[[], Any]) -> None:
        """Sends an answer; an error in its place when it cannot be sent, which is no reason to lose the connection."""
        self._begin_answer()
        reason = "the bus daemon is far behind with what it was sent; try again later"
        if not self._owner.is_behind:
            try:
                self._send(make())
            except MessageTooLong as error:
                reason = str(error)
            else:
                return
        self._send(self._owner.library.Message.new_error(self._message, LIMITS_EXCEEDED, reason))

    def _begin_answer(self) -> None:
        if self._is_answered:
            raise VelibError(f"{self.member} on {self.path} was answered already")
        self._is_answered = True

    def _send(self, answer: Any) -> None:
        if not self._message.flags.value & self._owner.library.MessageFlag.NO_REPLY_EXPECTED.value:
            self._owner.send(answer)
