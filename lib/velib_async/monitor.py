"""Watching services as they come and go. See `client` for the public names."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from velib_async.bus import as_bus
from velib_async.bus_interface import BUS_ITEM
from velib_async.callbacks import Tasks
from velib_async.errors import BusLost, CallError
from velib_async.names import add_match, list_names, match_rule, name_owner, remove_match
from velib_async.tracking import Tracker
from velib_async.watched import Service, noted_handlers

log = logging.getLogger(__name__)

ItemsChanged = Callable[..., object]


def servicetype(busname: str) -> str:
    """Returns the first three parts of a service's name, by which handlers are chosen."""
    return ".".join(busname.split(".")[:3])


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
        try:
            await monitor.start()
        except BaseException:
            await monitor.close()
            raise
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
        self._tracker = Tracker(
            self._bus,
            listener=self,
            wants=lambda name: servicetype(name) in self._handlers,
            make_service=lambda name, owner: self._handlers[servicetype(name)](self, name, owner),
        )
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
        return iter(self._tracker.known())

    def get_service(self, name: str) -> Service | None:
        """Returns a service whose values are known, else None."""
        return self._tracker.get(name)

    async def wait_for_service(self, name: str) -> Service:
        """Returns a service as soon as its values are known.

        Raises:
            BusLost: The connection ended.
        """
        return self._tracker.get(name) or await self._tracker.arrivals.wait(name)

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
            body = await self.dbus_call(name, path, "SetValue", "v", value)
        except CallError as error:
            log.info("%s%s: SetValue failed: %s", name, path, error)
            return -1
        return body[0] if body and isinstance(body[0], int) else -1

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

    # The bus, for what a Monitor does not follow by itself

    async def add_match(self, **conditions: str) -> None:
        """Lets signals through that meet conditions, named as in D-Bus' match rules; give them to `remove_match` again.

        They arrive at the connection: `Bus.add_signal_handler`, or a MessageBus' own `add_message_handler`.
        """
        await add_match(self._bus, match_rule(**conditions))

    async def remove_match(self, **conditions: str) -> None:
        """Undoes one `add_match`."""
        await remove_match(self._bus, match_rule(**conditions))

    async def get_dbus_name_owner(self, name: str) -> str | None:
        """Returns the unique name of the connection that owns `name`, None when nobody does."""
        return await name_owner(self._bus, name)

    async def list_dbus_services(self) -> list[tuple[str, str]]:
        """Returns name and owner of all services of Venus, also of those that no handler is for."""
        names = [name for name in await list_names(self._bus) if name.startswith("com.victronenergy.")]
        owners = await asyncio.gather(*(name_owner(self._bus, name) for name in names))
        return [(name, owner) for name, owner in zip(names, owners, strict=True) if owner is not None]

    # Life

    async def start(self) -> None:
        """Begins to watch; `create` does it. It takes at most as long as `tracking.START_LIMIT_S`.

        Raises:
            BusLost: The connection ended.
        """
        await self._tracker.start()

    async def wait_lost(self) -> None:
        """Waits for the end of the connection; see `Bus.wait_lost`."""
        await self._bus.wait_lost()

    async def close(self) -> None:
        """Stops watching. The connection stays open."""
        await self._tasks.cancel()
        await self._tracker.close()

    async def _set_in_background(self, name: str, path: str, value: Any) -> None:
        with contextlib.suppress(BusLost):  # reported by wait_lost
            result = await self.set_value(name, path, value)
            if result > 0:
                log.info("%s%s refused %.80r with code %d", name, path, value, result)
