"""A request on its way: what is asked, what would answer it, and when to give up."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from mk2.frames.winmon import Winmon

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from mk2.frames.record import Record


class Kind(Enum):
    """Requests that share a window."""

    PLAIN = "plain"
    INFO = "info"
    WINMON = "winmon"


@dataclass(eq=False, slots=True)
class Pending:
    """One request; `expect` returns the answer in a message, or None when this is not it, or not all of it.

    An answer that is optional is no sign of trouble when it does not come.
    """

    message: Record
    kind: Kind
    expect: Callable[[Record], Any]
    timeout_s: float
    future: asyncio.Future[Any]
    device: int | None = None
    is_optional: bool = False
    slot: str = ""
    sent_at: float = 0.0
    timer: asyncio.TimerHandle | None = field(default=None)

    def wire_message(self) -> Record:
        """Return the message as it goes over the wire, for winmon in its slot."""
        if self.kind is not Kind.WINMON:
            return self.message
        letter = self.slot or "X"  # before its turn it has no slot yet
        return Winmon(letter if self.device is None else letter.lower(), self.message, self.device)

    def body_of(self, message: Record) -> Record | None:
        """Return what this request would have to look at in `message`, None when that is for somebody else."""
        if isinstance(message, Winmon):
            return message.body if message.letter == self.slot else None
        return None if self.kind is Kind.WINMON else message

    def fail(self, error: Exception) -> None:
        """End the request with an error, unless it has ended."""
        if not self.future.done():
            self.future.set_exception(error)

    def succeed(self, result: object) -> None:
        """End the request with its answer, unless it has ended."""
        if not self.future.done():
            self.future.set_result(result)
