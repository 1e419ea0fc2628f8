"""All Venus services of a bus, followed the way that the gateway of a GX follows them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final, Self

from dbus_fast import DBusError, ErrorType, Message, Variant

from simulators.gx.connection import DBUS, Connection
from simulators.gx.watched_service import WatchedService
from simulators.gx.wire import BUS_ITEM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PREFIX: Final = "com.victronenergy."

EARLY_CHANGES: Final = 10_000
"""Changes kept per service while its scan is under way; a service that sends more in that time is broken."""

_RULES: Final = (
    f"type='signal',sender='{DBUS}',member='NameOwnerChanged',arg0namespace='com.victronenergy'",
    f"type='signal',interface='{BUS_ITEM}',member='ItemsChanged',path='/'",
    f"type='signal',interface='{BUS_ITEM}',member='PropertiesChanged'",
)
_LOG = logging.getLogger(__name__)


class BusWatch:
    """Follows services, as an async context manager.

    on_change(service, paths) is called for each scanned service and each change, on_gone(service) when one leaves.
    """

    def __init__(
        self,
        address: str,
        *,
        on_change: Callable[[WatchedService, Iterable[str]], None],
        on_gone: Callable[[WatchedService], None],
    ) -> None:
        self.connection: Final = Connection(address, on_signal=self._receive)
        self.services: Final[dict[str, WatchedService]] = {}
        self._by_owner: dict[str, WatchedService] = {}
        self._on_change = on_change
        self._on_gone = on_gone
        self._scans: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.connection.__aenter__()
        for rule in _RULES:
            await self.connection.match(rule)
        (names,) = await self.connection.call(DBUS, "/org/freedesktop/DBus", DBUS, "ListNames")
        for name in names:
            if name.startswith(PREFIX) and name not in self.services:
                owner = await self.connection.call(DBUS, "/org/freedesktop/DBus", DBUS, "GetNameOwner", "s", [name])
                self._add(name, owner[0])
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for task in self._scans:
            task.cancel()
        await asyncio.gather(*self._scans, return_exceptions=True)
        await self.connection.__aexit__()

    def find(self, service_type: str, instance: str) -> WatchedService | None:
        """The service behind a topic; of several with the same type and instance, the one that came last."""
        for service in reversed(self.services.values()):
            if service.is_scanned and (service.type, service.instance) == (service_type, instance):
                return service
        return None

    def _receive(self, message: Message) -> None:
        match message.member:
            case "NameOwnerChanged" if message.sender == DBUS:
                name, _, owner = message.body
                self._remove(name)
                if owner and name.startswith(PREFIX):
                    self._add(name, owner)
            case "ItemsChanged" if message.signature == "a{sa{sv}}":
                self._change(message.sender, message.body[0])
            case "PropertiesChanged" if message.signature == "a{sv}":
                # The gateway of a GX looks for the value alone here; limits reach it by ItemsChanged only.
                change = {key: value for key, value in message.body[0].items() if key in {"Value", "Text"}}
                self._change(message.sender, {message.path or "/": change})

    def _change(self, sender: str | None, changes: dict[str, dict[str, Variant]]) -> None:
        service = self._by_owner.get(sender or "")
        if service is None:
            return
        if service.is_scanned:
            self._on_change(service, service.update(changes))
        elif len(service.early) < EARLY_CHANGES:
            service.early.append(changes)

    def _add(self, name: str, owner: str) -> None:
        service = WatchedService(name, owner)
        self.services[name] = self._by_owner[owner] = service
        task = asyncio.get_running_loop().create_task(self._scan(service), name=f"scan {name}")
        self._scans.add(task)
        task.add_done_callback(self._scans.discard)

    def _remove(self, name: str) -> None:
        service = self.services.pop(name, None)
        if service is None:
            return
        if self._by_owner.get(service.owner) is service:
            del self._by_owner[service.owner]
        if service.is_scanned:
            self._on_gone(service)

    async def _scan(self, service: WatchedService) -> None:
        try:
            items = await self._read_items(service.owner)
        except (DBusError, TimeoutError) as error:
            _LOG.warning("%s stays unseen: %s", service.name, error)
            return
        if self.services.get(service.name) is service:
            service.finish_scan(items)
            self._on_change(service, list(service.items))

    async def _read_items(self, owner: str) -> dict[str, dict[str, Any]]:
        """All items; only a service that says it has no GetItems is asked in the old way."""
        try:
            (items,) = await self.connection.call(owner, "/", BUS_ITEM, "GetItems")
        except DBusError as error:
            if error.type != ErrorType.UNKNOWN_METHOD.value:
                raise
            (tree,) = await self.connection.call(owner, "/", BUS_ITEM, "GetValue")
            items = {"/" + key: {"Value": value} for key, value in tree.value.items()}
        return dict(items)
