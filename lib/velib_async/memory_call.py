"""A method call on its way through a MemoryHub."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from velib_async.bus_interface import NO_REPLY, items_body
from velib_async.errors import CallError, VelibError
from velib_async.values import unwrap, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from velib_async.bus_interface import Published


class MemoryCall:
    """A method call on a MemoryBus; see `bus_interface.IncomingCall`."""

    def __init__(
        self,
        post: Callable[[Callable[[], None]], None],
        sender: str,
        target: tuple[str, str, str],
        signature: str,
        body: list[Any],
    ) -> None:
        self.sender = sender
        self.path, self.interface, self.member = target
        self.signature = signature
        self.body = body
        self._post = post
        self.answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._is_answered = False

    def reply(self, signature: str = "", *values: Any) -> None:
        """Answers."""
        body = [unwrap(value) for value in wrap(signature, values)]
        self._send(lambda: self.answer.set_result(body))

    def reply_items(self, items: Iterable[Published]) -> None:
        """Answers GetItems."""
        self.reply("a{sa{sv}}", items_body(items))

    def refuse(self, name: str, text: str) -> None:
        """Answers with an error."""
        self._send(lambda: self.answer.set_exception(CallError(name, text)))

    def give_up(self) -> None:
        """The caller waits no more."""
        if self.answer.done():
            self.answer.cancelled() or self.answer.exception()  # seen to
        else:
            self.answer.cancel()

    def abandon(self, text: str) -> None:
        """Answers in place of a callee that is gone."""
        if not self._is_answered:
            self.refuse(NO_REPLY, text)

    def _send(self, deliver: Callable[[], None]) -> None:
        if self._is_answered:
            raise VelibError(f"{self.member} on {self.path} was answered already")
        self._is_answered = True
        self._post(lambda: None if self.answer.done() else deliver())
