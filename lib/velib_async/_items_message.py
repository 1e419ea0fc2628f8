"""Messages of either D-Bus library that carry items, their bytes made here instead of by the library's marshaller.

Both libraries (dbus_fast 5.2.0, compiled or not, and dbus_next 0.2.3) give a message its serial and then ask it for its
bytes by `_marshall`; the versions are pinned, a test fails when this changes. The header is the library's own work: it
is complete but for two numbers.
"""

from __future__ import annotations

import functools
import logging
from struct import Struct
from typing import TYPE_CHECKING, Any

from velib_async.bus_interface import BUS_ITEM, Published, items_body
from velib_async.items_changed import SIGNATURE, Encoder, UnencodableItem, UnknownType
from velib_async.values import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

log = logging.getLogger(__name__)

_EMPTY_BODY_BYTES = 8  # of a{sa{sv}}: its size, and the alignment of the entry that does not come
_BODY_SIZE_AND_SERIAL = Struct("<II")
_BODY_SIZE_OFFSET = 4  # D-Bus specification, "Message Format"


class ItemsMessages:
    """Makes the messages of one connection that carry items.

    Args:
        library: dbus_fast or dbus_next.
    """

    def __init__(self, library: ModuleType) -> None:
        self._library = library
        self._encoder = Encoder()
        self._refused: set[str] = set()  # paths whose value could not be sent: told once
        self._encoded_message = _encoded_class(library.Message)
        self._changed: Any = None  # made when there is something to send, then used again and again

    def changed(self, items: Iterable[Published]) -> Any:
        """Returns an ItemsChanged with the items' present values; it is good until the next one is asked for."""
        items = list(items)
        try:
            body = self._encode(items)
        except UnknownType:
            return self._general(_signal(self._library), items)
        if self._changed is None:
            self._changed = self._encoded_message(**_signal(self._library))
        self._changed.serial = 0  # the library gives it a new one
        self._changed.encoded_body = body
        return self._changed

    def answer(self, call: Any, items: Iterable[Published]) -> Any:
        """Returns the answer to a GetItems call."""
        items = list(items)
        arguments = {
            "message_type": self._library.MessageType.METHOD_RETURN,
            "reply_serial": call.serial,
            "destination": call.sender,
            "signature": SIGNATURE,
        }
        try:
            body = self._encode(items)
        except UnknownType:
            return self._general(arguments, items)
        message = self._encoded_message(**arguments)
        message.encoded_body = body
        return message

    def _encode(self, items: list[Published]) -> bytes:
        contents = [item.published() for item in items]
        while True:
            try:
                return self._encoder.encode(contents)
            except UnencodableItem as error:
                if error.path not in self._refused:
                    log.error("%s; left out", error)  # noqa: TRY400 - the text says it all
                    self._refused.add(error.path)
                contents = [content for content in contents if content[0] != error.path]

    def _general(self, arguments: dict[str, Any], items: list[Published]) -> Any:
        return self._library.Message(**arguments, body=wrap(SIGNATURE, [items_body(items)], self._library.Variant))


def _signal(library: ModuleType) -> dict[str, Any]:
    return {
        "message_type": library.MessageType.SIGNAL,
        "flags": library.MessageFlag.NO_REPLY_EXPECTED,
        "path": "/",
        "interface": BUS_ITEM,
        "member": "ItemsChanged",
        "signature": SIGNATURE,
    }


@functools.cache  # one class for each library, not for each connection: making one takes longer than a connection
def _encoded_class(message_class: Any) -> Any:
    class EncodedMessage(message_class):  # type: ignore[misc]
        """A message whose body comes as bytes."""

        def __init__(self, **arguments: Any) -> None:
            super().__init__(**arguments, body=[{}])
            self.encoded_body = b""
            self._header = bytearray(super()._marshall(negotiate_unix_fd=False)[:-_EMPTY_BODY_BYTES])

        def _marshall(self, negotiate_unix_fd: bool = False) -> bytes:  # noqa: ARG002, FBT001, FBT002 - theirs
            # Asked for once, by the writer. Kept, it would take about as much memory as the items themselves.
            body, self.encoded_body = self.encoded_body, b""
            _BODY_SIZE_AND_SERIAL.pack_into(self._header, _BODY_SIZE_OFFSET, len(body), self.serial)
            return bytes(self._header) + body

    return EncodedMessage
