"""Watching services as they come and go. See `client` for the public names."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from velib_async import callbacks
from velib_async.bus import BUS_ITEM, Changes, Signal, as_bus
from velib_async.callbacks import Tasks
from velib_async.errors import BusLost, CallError
from velib_async.names import DAEMON, DAEMON_PATH, add_match, list_names, match_rule, name_owner, remove_match
from velib_async.scanning import scan
from velib_async.watched import Service, noted_handlers

log = logging.getLogger(__name__)

NAMESPACE = "com.victronenergy"

# How long `create` waits for the services that are there already. Those that take longer are added when they answer.
CREATE_LIMIT_S = 2.0
# A service that did not answer (it starts, or hangs) is asked again when it says something, at the latest after this.
RESCAN_S = 30.0

_OWNER_RULE = match_rule(
    type="signal", sender=DAEMON, interface=DAEMON, path=DAEMON_PATH, member="NameOwnerChanged", arg0namespace=NAMESPACE
)

ItemsChanged = Callable[..., object]


def servicetype(busname: str) -> str:
    """Returns the first three parts of a service's name, by which handlers are chosen."""
    return ".".join(busname.split(".")[:3])


class _Watch:
    """A service from the moment its name appears until it vanishes."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.is_scanned = False
        self.has_spoken = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Monitor:
    """Watches all services that a handler class exists for. Make one with `await Monitor.create(...)`.

    Args:
        bus: A connected MessageBus of dbus_fast or dbus_next (asyncio), or a `velib_async.bus.Bus`.
        itemsChanged: Called with (service, {path: value}) when values change, or with (monitor, service, {path:
            value}) if it wants three arguments. Overriding the method does the same.
        handlers: Handler classes by service type; when absent those of ServiceHandler and add_handler so far.
    """

    @classmethod
    async def create(
        cls,
        bus: Any,
        itemsChanged: ItemsChanged | None = None,  # noqa: N803 - aiovelib's name
        handlers: Mapping[str, type[Service]] | None = None,
    ) -> Self:
        """Makes a Monitor and scans what is on the bus; a service that is slow to answer is added when it does.

        Raises:
            BusLost: The connection ended.
        """
        monitor = cls(bus, itemsChanged, handlers)
        await monitor.start()
        return monitor

    def __init__(
        self,
        bus: Any,
        itemsChanged: ItemsChanged | None = None,  # noqa: N803 - aiovelib's name
        handlers: Mapping[str, type[Service]] | None = None,
    ) -> None:
        self.bus = bus
        self._bus = as_bus(bus)
        self._itemsChanged = self._with_two_arguments(itemsChanged)
        self._handlers = dict(noted_handlers() if handlers is None else handlers)
        self._watches: dict[str, _Watch] = {}  # by name
        self._by_owner: defaultdict[str, list[_Watch]] = defaultdict(list)
        self._moved: set[str] = set()  # names whose owner changed since we listen
        self._removals: dict[str, asyncio.Task[None]] = {}  # by name
        self._awaited: defaultdict[str, list[asyncio.Future[Service]]] = defaultdict(list)
        self._tasks = Tasks()

    # To be overridden

    def itemsChanged(self, service: Service, values: dict[str, Any]) -> object:  # noqa: N802 - aiovelib's name
        """Called when values of a service changed: {path: value}."""
        return None if self._itemsChanged is None else self._itemsChanged(service, values)

    async def serviceAdded(self, service: Service) -> None:  # noqa: N802 - aiovelib's name
        """Called when a service has appeared and its values are known."""

    async def serviceRemoved(self, service: Service) -> None:  # noqa: N802 - aiovelib's name
        """Called when a service has left the bus."""

    def _with_two_arguments(self, callback: ItemsChanged | None) -> ItemsChanged | None:
        """Supplies `self` to a callback that was written like the method it stands for."""
        if callback is not None:
            try:
                inspect.signature(callback).bind(None, None)
            except TypeError:
                return functools.partial(callback, self)
        return callback

    # What is known

    @property
    def services(self) -> Iterator[Service]:
        """All services whose values are known."""
        return iter([watch.service for watch in self._watches.values() if watch.is_scanned])

    def get_service(self, name: str) -> Service | None:
        """Returns a service whose values are known, else None."""
        watch = self._watches.get(name)
        return watch.service if watch is not None and watch.is_scanned else None

    async def wait_for_service(self, name: str) -> Service:
        """Returns a service as soon as its values are known.

        Raises:
            BusLost: The connection ended.
        """
        service = self.get_service(name)
        if service is not None:
            return service
        future: asyncio.Future[Service] = asyncio.get_running_loop().create_future()
        self._awaited[name].append(future)
        return await future

    def get_value(self, name: str, path: str, default: Any = None) -> Any:
        """Returns a last known value (None: unknown), or `default` when there is no such service."""
        service = self.get_service(name)
        return default if service is None else service.get_value(path)

    def seen(self, name: str, path: str) -> bool:
        """Whether a service is there and has this path."""
        service = self.get_service(name)
        return service is not None and service.seen(path)

    # Writing and calling

    async def set_value(self, name: str, path: str, value: Any) -> int:
        """Writes a value; returns what SetValue answers: 0 accepted; -1 when the call itself fails.

        Raises:
            BusLost: The connection ended.
            ValueError: The value cannot be sent.
        """
        try:
            (result,) = await self.dbus_call(name, path, "SetValue", "v", value)
        except CallError as error:
            log.info("%s%s: SetValue failed: %s", name, path, error)
            return -1
        return int(result)

    def set_value_async(self, name: str, path: str, value: Any) -> int | None:
        """Writes a value in the background; -1 when service or path are not known, else None.

        What becomes of it is logged only.
        """
        service = self.get_service(name)
        if service is None or path not in service.values:
            return -1
        self._tasks.start(self._set_in_background(name, path, value), name=f"SetValue {name}{path}")
        return None

    async def dbus_call(
        self, name: str, path: str, member: str, signature: str, *params: Any, interface: str = BUS_ITEM
    ) -> list[Any]:
        """Calls any method; returns plain values. Raises as `Bus.call`."""
        return await self._bus.call(name, path, interface, member, signature, params)

    # Life

    async def start(self) -> None:
        """Begins to watch; `create` does it.

        Raises:
            BusLost: The connection ended.
        """
        self._tasks.start(self._watch_bus(), name="monitor: bus")
        self._bus.add_signal_handler(self._on_signal)
        self._bus.add_changes_handler(self._on_changes)
        await add_match(self._bus, _OWNER_RULE)
        names = [name for name in await list_names(self._bus) if servicetype(name) in self._handlers]
        owners = await asyncio.gather(*(name_owner(self._bus, name) for name in names))
        for name, owner in zip(names, owners, strict=True):
            # A name that moved meanwhile has been seen to by its signal, which is newer than this answer.
            if owner is not None and name not in self._moved:
                self._appear(name, owner)
        scans = [watch.task for watch in self._watches.values() if watch.task is not None]
        if scans:
            await asyncio.wait(scans, timeout=CREATE_LIMIT_S)

    async def wait_lost(self) -> None:
        """Waits for the end of the connection; see `Bus.wait_lost`."""
        await self._bus.wait_lost()

    async def close(self) -> None:
        """Stops watching. The connection stays open."""
        self._bus.remove_signal_handler(self._on_signal)
        self._bus.remove_changes_handler(self._on_changes)
        await self._tasks.cancel()
        rules = [_OWNER_RULE, *(rule for watch in self._watches.values() for rule in _rules(watch.service.owner))]
        await asyncio.gather(*(self._remove_match(rule) for rule in rules))
        self._watches.clear()
        self._by_owner.clear()
        self._fail_waiters(asyncio.CancelledError())

    # Names

    def _on_signal(self, signal: Signal) -> None:
        if signal.member == "NameOwnerChanged" and signal.sender == DAEMON:
            name, _, owner = signal.body
            if servicetype(name) in self._handlers:
                self._moved.add(name)
                self._vanish(name)
                if owner:
                    self._appear(name, owner)

    def _appear(self, name: str, owner: str) -> None:
        watch = _Watch(self._handlers[servicetype(name)](self, name, owner))
        self._watches[name] = watch
        self._by_owner[owner].append(watch)
        watch.task = self._tasks.start(self._follow(watch), name=f"monitor: {name}")

    def _vanish(self, name: str) -> None:
        watch = self._watches.pop(name, None)
        if watch is None:
            return
        owner = watch.service.owner
        self._by_owner[owner].remove(watch)
        if not self._by_owner[owner]:
            del self._by_owner[owner]
        if watch.task is not None:
            watch.task.cancel()
        self._removals[name] = self._tasks.start(self._remove(watch), name=f"monitor: {name} left")

    async def _remove(self, watch: _Watch) -> None:
        name = watch.service.name
        if watch.is_scanned:
            with contextlib.suppress(callbacks.CallbackFailed):
                await callbacks.wait(f"serviceRemoved of {name}", self.serviceRemoved(watch.service))
        for rule in _rules(watch.service.owner):
            await self._remove_match(rule)

    async def _remove_match(self, rule: str) -> None:
        with contextlib.suppress(CallError, BusLost):
            await remove_match(self._bus, rule)

    # Values

    async def _follow(self, watch: _Watch) -> None:
        """Brings a service in: listens to it first, so that nothing is missed, then reads it."""
        service = watch.service
        removal = self._removals.pop(service.name, None)
        if removal is not None:  # its predecessor's serviceRemoved comes before its own serviceAdded
            await asyncio.wait((removal,))
        try:
            for rule in _rules(service.owner):
                await add_match(self._bus, rule)
            service.update_unseen_items(await self._scan_until_done(watch))
        except BusLost:
            return  # reported by wait_lost
        watch.is_scanned = True
        for future in self._awaited.pop(service.name, ()):
            if not future.done():
                future.set_result(service)
        with contextlib.suppress(callbacks.CallbackFailed):
            await callbacks.wait(f"serviceAdded of {service.name}", self.serviceAdded(service))

    async def _scan_until_done(self, watch: _Watch) -> Changes:
        service = watch.service
        if service.paths is not None and not service.paths:
            return {}
        while True:
            watch.has_spoken.clear()
            try:
                return await scan(self._bus, service.owner)
            except CallError as error:
                log.warning(
                    "%s cannot be read: %s; next try when it says something, or in %g s", service.name, error, RESCAN_S
                )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESCAN_S):
                    await watch.has_spoken.wait()

    def _on_changes(self, sender: str, changes: Changes) -> None:
        for watch in tuple(self._by_owner.get(sender, ())):
            watch.has_spoken.set()
            updated = watch.service.update_items(changes)
            if updated and watch.is_scanned:
                with contextlib.suppress(callbacks.CallbackFailed):
                    callbacks.run(f"itemsChanged for {watch.service.name}", self.itemsChanged, watch.service, updated)

    async def _set_in_background(self, name: str, path: str, value: Any) -> None:
        with contextlib.suppress(BusLost):  # reported by wait_lost
            result = await self.set_value(name, path, value)
            if result > 0:
                log.info("%s%s refused %.80r with code %d", name, path, value, result)

    async def _watch_bus(self) -> None:
        try:
            await self._bus.wait_lost()
        except BusLost as error:
            self._fail_waiters(error)

    def _fail_waiters(self, error: BaseException) -> None:
        for futures in self._awaited.values():
            for future in futures:
                if not future.done():
                    future.set_exception(error)
        self._awaited.clear()


def _rules(owner: str) -> tuple[str, str]:
    common = {"type": "signal", "sender": owner, "interface": BUS_ITEM}
    return match_rule(**common, path="/", member="ItemsChanged"), match_rule(**common, member="PropertiesChanged")
