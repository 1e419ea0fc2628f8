"""What a Monitor knows of one service."""

from __future__ import annotations

import logging
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakValueDictionary

from velib_async.errors import CallError
from velib_async.values import from_wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from velib_async.bus_interface import Changes
    from velib_async.monitor import Monitor

log = logging.getLogger(__name__)

# Of one service; the largest there is, localsettings, has about 1,500. A program that makes up paths must not fill us.
PATHS_LIMIT = 20_000

# What ServiceHandler and add_handler have noted. A Monitor copies it when it is created; nothing else reads it, and a
# class that nobody holds any more (one made inside a test, say) drops out.
_noted: WeakValueDictionary[str, type[Service]] = WeakValueDictionary()


def noted_handlers() -> Mapping[str, type[Service]]:
    """Returns the handler classes by service type that exist at this moment."""
    return dict(_noted)


class Item:
    """One value of a watched service."""

    __slots__ = ("seen", "text", "value")

    def __init__(self) -> None:
        self.value: Any = None
        self.text: str | None = None
        self.seen = False

    def update(self, value: Any, text: str | None = None) -> None:
        """Takes a value over; None and an empty list are unknown."""
        self.value = from_wire(value)
        self.text = text
        self.seen = True

    def update_unseen(self, value: Any, text: str | None = None) -> None:
        """Takes a value over unless there is one: a scan is older than the signals that arrive while it runs."""
        if not self.seen:
            self.update(value, text)


class Service:
    """A watched service. Subclass it together with ServiceHandler to have a Monitor use the subclass.

    Attributes:
        servicetype: The first three parts of the names to watch, for example ``com.victronenergy.grid``.
        paths: The paths to keep; None keeps all.
        make_item: What keeps one value.
        monitor: The Monitor that watches it.
        name: Its name on the bus.
        owner: The unique name of its connection.
        values: What is known of it, by path.
    """

    servicetype: ClassVar[str] = ""
    paths: set[str] | None = None
    make_item: ClassVar[type[Item]] = Item

    def __init__(self, monitor: Monitor, name: str, owner: str) -> None:
        self.monitor = monitor
        self.name = name
        self.owner = owner
        if self.paths is not None:
            self.paths = set(self.paths)  # this service's own: fetch_value adds to it
        self.values: defaultdict[str, Item] = defaultdict(self.make_item)
        self._notes: list[set[str]] = []
        self._is_plain = self.make_item is Item
        self._is_full = False

    @classmethod
    def add_handler(cls, service: str, handler: type[Service]) -> None:
        """Has Monitors that are created from now on use a class for a service type, as long as the class exists."""
        _noted[service] = handler

    @classmethod
    def handler(cls, service: str) -> Callable[[type[Service]], type[Service]]:
        """Does `add_handler` as a class decorator."""

        def register(handler: type[Service]) -> type[Service]:
            cls.add_handler(service, handler)
            return handler

        return register

    def update_items(self, items: Changes) -> dict[str, Any]:
        """Takes changed values over; returns those of watched paths."""
        for note in self._notes:
            note.update(items)
        paths, values, is_plain = self.paths, self.values, self._is_plain
        updated: dict[str, Any] = {}
        for path, (value, text) in items.items():
            if paths is not None and path not in paths:
                continue
            item = values[path] if path in values or self._has_room(path) else None
            if item is None:
                continue
            if is_plain:
                item.value, item.text, item.seen = value, text, True
            else:
                item.update(value)
                item.text = text
            updated[path] = value
        return updated

    def update_unseen_items(self, items: Changes) -> dict[str, Any]:
        """Takes values over for paths without one; returns what all watched paths among them now hold."""
        self.update_items({path: news for path, news in items.items() if not self.seen(path)})
        return {path: item.value for path in items if (item := self.values.get(path)) is not None}

    def _has_room(self, path: str) -> bool:
        if len(self.values) < PATHS_LIMIT:
            return True
        if not self._is_full:
            self._is_full = True
            log.warning("%s has over %d paths; %s and further ones are not watched", self.name, PATHS_LIMIT, path)
        return False

    def get_value(self, path: str) -> Any:
        """Returns the last known value; None when unknown or never seen."""
        item = self.values.get(path)
        return None if item is None else item.value

    def get_text(self, path: str) -> str | None:
        """Returns the last known text, as the service formats the value."""
        item = self.values.get(path)
        return None if item is None else item.text

    def seen(self, path: str) -> bool:
        """Whether the service has this path, as far as is known."""
        item = self.values.get(path)
        return item is not None and item.seen

    async def set_value(self, path: str, value: Any) -> int:
        """Writes a value; see `Monitor.set_value`."""
        return await self.monitor.set_value(self.name, path, value)

    def set_value_async(self, path: str, value: Any) -> int | None:
        """Writes a value in the background; see `Monitor.set_value_async`."""
        return self.monitor.set_value_async(self.name, path, value)

    async def fetch_value(self, path: str) -> Any:
        """Reads one value from the service, keeps it, and watches its path from now on; None when that fails."""
        if self.paths is not None:
            self.paths.add(path)
        with self.noting_changes() as changed:
            (value, is_read) = await self._fetch(path, "GetValue")
        if is_read and path not in changed:
            self.values[path].update(value)
        return self.get_value(path) if is_read else None

    async def fetch_min(self, path: str) -> Any:
        """Reads a path's minimum; None when it has none."""
        return (await self._fetch(path, "GetMin"))[0]

    async def fetch_max(self, path: str) -> Any:
        """Reads a path's maximum; None when it has none."""
        return (await self._fetch(path, "GetMax"))[0]

    @contextmanager
    def noting_changes(self) -> Iterator[set[str]]:
        """Collects the paths for which a signal arrives: it is newer than an answer that comes in the same turn."""
        note: set[str] = set()
        self._notes.append(note)
        try:
            yield note
        finally:
            self._notes = [other for other in self._notes if other is not note]

    async def _fetch(self, path: str, member: str) -> tuple[Any, bool]:
        try:
            body = await self.monitor.dbus_call(self.name, path, member, "")
        except CallError as error:
            log.info("%s%s: %s failed: %s", self.name, path, member, error)
            return None, False
        return (from_wire(body[0]), True) if body else (None, False)


class ServiceHandler:
    """Mixed into a subclass of Service, has Monitors that are created afterwards use it for its `servicetype`."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if issubclass(cls, Service) and cls.servicetype:
            Service.add_handler(cls.servicetype, cls)
