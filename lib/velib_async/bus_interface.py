"""What the rest of this library needs of a bus; `_dbus` puts it on dbus_fast and dbus_next, `memory` on nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from velib_async.values import Variant

if TYPE_CHECKING:
    from asyncio import Future

BUS_ITEM = "com.victronenergy.BusItem"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
PEER = "org.freedesktop.DBus.Peer"

UNKNOWN_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"
INVALID_ARGS = "org.freedesktop.DBus.Error.InvalidArgs"
LIMITS_EXCEEDED = "org.freedesktop.DBus.Error.LimitsExceeded"
NO_REPLY = "org.freedesktop.DBus.Error.NoReply"

# libdbus' own default. A Venus service that takes longer than this is considered dead by everybody.
CALL_TIMEOUT_S = 25.0

Library = Literal["dbus_fast", "dbus_next"]
Changes = Mapping[str, tuple[Any, str | None]]  # path -> (value, text); the text is None when the sender gave none


class Published(Protocol):
    """One item as it goes into an ItemsChanged or GetItems message."""

    def published(self) -> tuple[str, str, Any, str, Mapping[str, Variant] | None]:
        """Returns path, D-Bus type, value, text, and Min, Max, Default where the item has them."""


def items_body(items: Iterable[Published]) -> dict[str, dict[str, Variant]]:
    """Returns the body of ItemsChanged in its general form."""
    return {
        path: {"Value": Variant(signature, value), "Text": Variant("s", text), **(limits or {})}
        for path, signature, value, text, limits in (item.published() for item in items)
    }


@dataclass(slots=True)
class Signal:
    """A received signal other than those of BusItem. Values are plain: no variants."""

    sender: str
    path: str
    interface: str
    member: str
    body: list[Any]


class IncomingCall(Protocol):
    """A method call that somebody made to us. Answer it once, now or later; a caller gives up after 25 s."""

    sender: str
    path: str
    interface: str  # empty when the caller named none
    member: str
    signature: str
    body: list[Any]  # plain values: no variants

    def reply(self, signature: str = "", *values: Any) -> None:
        """Answers. Plain values may stand where the signature says ``v``."""

    def reply_items(self, items: Iterable[Published]) -> None:
        """Answers GetItems with the items' present values."""

    def refuse(self, name: str, text: str) -> None:
        """Answers with a D-Bus error."""


CallHandler = Callable[[IncomingCall], bool]  # True: taken, and answered now or later; False: not mine
SignalHandler = Callable[[Signal], None]
ChangesHandler = Callable[[str, Changes], None]  # (unique name of the sender, what changed)


class Bus(Protocol):
    """One connection. All methods belong to the event loop's thread; those that send raise BusLost once it is gone."""

    @property
    def unique_name(self) -> str:
        """The connection's own name, for example ``:1.42``."""

    async def call(  # noqa: PLR0917 - the parts of a call in D-Bus' own order
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
        """Calls a method and returns the values of its reply, plain: no variants, nothing else converted.

        Plain values may stand where the signature says ``v``. The interface may be empty, as D-Bus allows.

        Raises:
            CallError: The other side answered with an error.
            CallTimeout: It did not answer within `timeout_s` seconds.
            BusLost: The connection ended.
            ValueError: A value cannot be sent.
        """

    def send_signal(
        self, path: str, interface: str, member: str, signature: str = "", body: Sequence[Any] = ()
    ) -> None:
        """Sends a signal to whoever listens."""

    def send_items_changed(self, items: Iterable[Published]) -> Future[None]:
        """Sends one ItemsChanged with the items' present values.

        The future is done as soon as the message has left this process, and never fails: when the connection is lost
        first, `wait_lost` says so.

        Raises:
            ValueError: They are too much for one message. Nothing was sent: send fewer.
        """

    def set_call_handler(self, handler: CallHandler | None) -> None:
        """Directs incoming method calls to the one service on this connection.

        Raises:
            ConnectionInUse: There is one already.
        """

    def add_signal_handler(self, handler: SignalHandler) -> None:
        """Directs received signals (what match rules let through) other than BusItem's to the handler, too."""

    def remove_signal_handler(self, handler: SignalHandler) -> None:
        """Undoes `add_signal_handler`."""

    def add_changes_handler(self, handler: ChangesHandler) -> None:
        """Directs received ItemsChanged and PropertiesChanged of BusItem to the handler, too."""

    def remove_changes_handler(self, handler: ChangesHandler) -> None:
        """Undoes `add_changes_handler`."""

    async def wait_lost(self) -> None:
        """Waits for the end of the connection; returns when it was closed on purpose.

        Raises:
            BusLost: It ended in any other way.
        """

    async def close(self) -> None:
        """Closes the connection. Harmless when it is closed or lost already."""
