"""A Venus service of the ordinary kind: items by path, read, written and announced as one tree."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from dbus_fast import Message, Variant

from simulators.gx.connection import Answer, Connection, UnknownMethodError, UnknownObjectError, introspection
from simulators.gx.wire import BUS_ITEM, below, invalid, to_plain, to_text, to_variant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCEPTED: Final = 0
NOT_WRITEABLE: Final = 1
REFUSED: Final = 2


@dataclass(slots=True)
class Item:
    """A path's value. accept decides on a write; None: read-only. unit is printed behind the value."""

    value: Any = None
    accept: Callable[[Any], bool] | None = None
    unit: str = ""
    minimum: Any = None
    maximum: Any = None

    def properties(self) -> dict[str, Variant]:
        """The item as GetItems and ItemsChanged carry it."""
        properties = {"Value": to_variant(self.value), "Text": Variant("s", self.text())}
        if self.minimum is not None:
            properties["Min"] = to_variant(self.minimum)
        if self.maximum is not None:
            properties["Max"] = to_variant(self.maximum)
        return properties

    def text(self) -> str:
        """The value for people to read."""
        return to_text(self.value) + (f" {self.unit}" if self.unit and self.value is not None else "")


class ItemsService:
    """A service name with items, as an async context manager; opening raises DBusError when the name is taken.

    Changes within one turn of the event loop leave as one ItemsChanged.
    """

    def __init__(self, address: str, name: str, items: Mapping[str, Item]) -> None:
        self.name: Final = name
        self._items = dict(items)
        self._connection = Connection(address, on_call=self._answer)
        self._changed: set[str] = set()

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        try:
            await self._connection.own(self.name)
        except BaseException:
            await self._connection.__aexit__()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        gone = {path: {"Value": invalid(), "Text": Variant("s", "---")} for path in self._items}
        self._connection.emit("/", BUS_ITEM, "ItemsChanged", "a{sa{sv}}", [gone])
        await self._connection.__aexit__()

    async def wait_closed(self) -> None:
        """Return when the bus connection has ended."""
        await self._connection.wait_closed()

    def __getitem__(self, path: str) -> Any:
        return self._items[path].value

    def __setitem__(self, path: str, value: Any) -> None:
        item = self._items[path]
        if value == item.value and type(value) is type(item.value):
            return
        item.value = value
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._announce)
        self._changed.add(path)

    def _announce(self) -> None:
        changes = {path: self._items[path].properties() for path in sorted(self._changed)}
        self._changed.clear()
        self._connection.emit("/", BUS_ITEM, "ItemsChanged", "a{sa{sv}}", [changes])

    def _answer(self, message: Message) -> Answer:
        path = message.path or "/"
        item = self._items.get(path)
        if item is not None:
            return self._answer_for_leaf(path, item, message)
        prefix = below(path)
        children = {key[len(prefix) :]: item for key, item in self._items.items() if key.startswith(prefix)}
        if children or path == "/":
            return self._answer_for_group(path, children, message)
        raise UnknownObjectError(path)

    def _answer_for_leaf(self, path: str, item: Item, message: Message) -> Answer:
        match message.member, message.signature:
            case "GetValue", "":
                return "v", [to_variant(item.value)]
            case "GetText", "":
                return "s", [item.text()]
            case "SetValue", "v":
                return "i", [self._write(path, item, to_plain(message.body[0]))]
            case "GetMin", "":
                return "v", [to_variant(item.minimum)]
            case "GetMax", "":
                return "v", [to_variant(item.maximum)]
            case "Introspect", "":
                return introspection([], BUS_ITEM)
        raise UnknownMethodError(message)

    def _answer_for_group(self, path: str, children: Mapping[str, Item], message: Message) -> Answer:
        match message.member, message.signature:
            case "GetValue", "":
                return "v", [Variant("a{sv}", {key: to_variant(item.value) for key, item in children.items()})]
            case "GetText", "":
                return "v", [Variant("a{ss}", {key: item.text() for key, item in children.items()})]
            case "GetItems", "" if path == "/":
                return "a{sa{sv}}", [{key: item.properties() for key, item in self._items.items()}]
            case "Introspect", "":
                return introspection({key.split("/")[0] for key in children}, BUS_ITEM)
        raise UnknownMethodError(message)

    def _write(self, path: str, item: Item, value: Any) -> int:
        if item.accept is None:
            return NOT_WRITEABLE
        if value != item.value:
            if not item.accept(value):
                return REFUSED
            self[path] = value
        return ACCEPTED
