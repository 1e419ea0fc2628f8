"""A service: a name on the bus with items below it."""

from __future__ import annotations

import asyncio
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from velib_async.announcing import Announcer
from velib_async.bus import as_bus
from velib_async.callbacks import Tasks
from velib_async.errors import BusLost, CallError, VelibError
from velib_async.items import Item
from velib_async.names import release_name, request_name
from velib_async.routing import route
from velib_async.typed_items import (
    DoubleArrayItem,
    DoubleItem,
    IntegerArrayItem,
    IntegerItem,
    TextArrayItem,
    TextItem,
)
from velib_async.writing import ANSWER_LIMIT_S, UNFINISHED_LIMIT

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping

    from velib_async.bus_interface import IncomingCall

__all__ = [
    "ChangeContext",
    "DoubleArrayItem",
    "DoubleItem",
    "IntegerArrayItem",
    "IntegerItem",
    "Item",
    "Service",
    "TextArrayItem",
    "TextItem",
]

# How long `close` waits for a bus that takes nothing any more to accept the last values.
CLOSE_LIMIT_S = 1.0


class ChangeContext:
    """Collects the changes of one `with service` block; they go out together at its end."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._items = service.items
        self._changed: dict[str, Item] = {}

    def __setitem__(self, path: str, value: Any) -> None:
        """Sets an item's value; None is unknown. Raises KeyError, or ValueError or TypeError for a misfit."""
        item = self._items.get(path) or self._service.item(path)
        if item.assign(value):
            self._changed[path] = item

    def __getitem__(self, path: str) -> Any:
        return self._service[path]

    def flush(self) -> None:
        """Announces what was collected so far."""
        self._service.announce(self._changed.values())
        self._changed.clear()


class Service:
    """A service on the bus.

    Add the items, fill in the values that are known, then `register`: other programs read everything at once when the
    name appears. One connection carries one service, because Venus programs tell services apart by the sender.

    Changes made within one turn of the event loop go out as one ItemsChanged. While the connection takes no more data
    one pending value per item is kept, the latest.

    Args:
        bus: A connected MessageBus of dbus_fast or dbus_next (asyncio), or a `velib_async.bus.Bus`.
        name: ``com.victronenergy.<type>.<unique>``.
        min_interval_s: ItemsChanged is sent at most this often, in seconds.

    Raises:
        ConnectionInUse: The connection carries a service already.
    """

    def __init__(self, bus: Any, name: str, *, min_interval_s: float = 0.0) -> None:
        self.bus = bus
        self.name = name
        self._bus = as_bus(bus)
        self._announcer = Announcer(self._bus, min_interval_s)
        self._items: dict[str, Item] = {}
        self._contexts: list[ChangeContext] = []
        self._tasks = Tasks()
        self._answers = Tasks()  # to writes, each within ANSWER_LIMIT_S
        self._is_live = False
        self._is_closed = False
        self._bus.set_call_handler(self._on_call)

    # Items

    @property
    def items(self) -> Mapping[str, Item]:
        """All items by path; read-only."""
        return MappingProxyType(self._items)

    objects = items  # aiovelib's name

    def add_item(self, item: Item) -> None:
        """Adds an item; on a registered service it is announced.

        Raises:
            ValueError: The path is taken, or the item belongs to a service already.
        """
        if item.path in self._items:
            raise ValueError(f"{self.name}{item.path} exists already; remove_item first")
        if item.service is not None:
            raise ValueError(f"{item.path} belongs to {item.service.name} already")
        self._items[item.path] = item
        item.service = self
        self.announce((item,))

    def remove_item(self, path: str) -> None:
        """Removes an item; on a registered service it goes unknown first, as nobody notices a path that is just gone.

        Raises:
            KeyError: There is no such item.
        """
        item = self.item(path)
        item.assign(None)
        self.announce((item,))
        del self._items[path]
        item.service = None

    def get_item(self, path: str) -> Item | None:
        """Returns the item at a path, None when there is none."""
        return self._items.get(path)

    def item(self, path: str) -> Item:
        """Returns the item at a path.

        Raises:
            KeyError: There is none.
        """
        try:
            return self._items[path]
        except KeyError:
            raise KeyError(f"{self.name} has no item {path}") from None

    def __getitem__(self, path: str) -> Any:
        return self.item(path).value

    def __contains__(self, path: object) -> bool:
        return path in self._items

    # Life

    async def register(self) -> None:
        """Claims the name; from now on the service exists for others.

        Raises:
            NameTaken: Another program owns it.
            BusLost: The connection ended.
            VelibError: The service was closed: make a new one.
        """
        if self._is_closed:
            raise VelibError(f"{self.name} was closed; make a new Service")
        # Before the name, not after: whoever sees the name reads the values at once, and must hear of later changes.
        self._is_live = True
        try:
            await request_name(self._bus, self.name)
        except BaseException:
            self._is_live = False
            raise

    async def close(self) -> None:
        """Makes all values unknown, gives the name up and lets go of the connection, which stays open.

        Writes that are under way are answered first: some of them are why a service closes. Harmless when repeated, and
        when the connection is lost.
        """
        if self._is_closed:
            return
        self._is_closed = True
        if not self._tasks.has_current():  # else that write is answered when its callback, which closes, has returned
            await self._answers.finish(ANSWER_LIMIT_S)
            await self._answers.cancel()
        await self._tasks.cancel()
        if self._is_live:
            await self._leave()
        self._is_live = False
        self._announcer.clear()
        self._bus.set_call_handler(None)

    async def wait_lost(self) -> None:
        """Waits for the end of the connection; returns when it was closed on purpose.

        Raises:
            BusLost: It ended in any other way.
        """
        await self._bus.wait_lost()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def __enter__(self) -> ChangeContext:
        context = ChangeContext(self)
        self._contexts.append(context)
        return context

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._contexts.pop().flush()

    async def _leave(self) -> None:
        self.announce([item for item in self._items.values() if item.assign(None)])
        try:
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await self._announcer.flush()
                await release_name(self._bus, self.name)
        except (TimeoutError, BusLost, CallError):
            return  # Nobody listens any more; the owner of the connection hears of it through wait_lost.

    def start_task(self, coroutine: Coroutine[Any, Any, Any], name: str) -> bool:
        """Runs the answer to a call in the background; `close` ends it. For items with interfaces of their own.

        Returns:
            False when too many run already (writing.UNFINISHED_LIMIT): refuse the call.
        """
        if len(self._tasks) >= UNFINISHED_LIMIT:
            coroutine.close()
            return False
        self._tasks.start(coroutine, name)
        return True

    # Announcing

    def announce(self, items: Iterable[Item]) -> None:
        """Queues items for the next ItemsChanged. Their values at the time of sending count."""
        if self._is_live:
            self._announcer.add(items)

    def _on_call(self, call: IncomingCall) -> bool:
        return route(self._items, call, self._tasks, self._answers)
