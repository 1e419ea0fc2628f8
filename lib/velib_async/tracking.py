"""Follows services from the moment their names appear until they vanish, and reads them in between.

Three things arrive independently: owners of names, values by signals, values by reading. A name is followed by its
owner's unique name, which is never used twice; so nothing that a former owner has sent can be mistaken for its
successor's. We listen before we read, and a signal that arrives meanwhile counts more than what was read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol

from velib_async import callbacks
from velib_async.arrivals import Arrivals
from velib_async.callbacks import Tasks
from velib_async.errors import BusLost, CallError
from velib_async.names import DAEMON, OWNER_CHANGES, add_match, item_changes, list_names, name_owner, remove_match
from velib_async.scanning import scan

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from velib_async.bus_interface import Bus, Changes, Signal
    from velib_async.watched import Service

log = logging.getLogger(__name__)

# How long `start` waits for the services that are there already. Those that take longer are added when they answer.
START_LIMIT_S = 2.0
# A service that cannot be read (it starts, or hangs) is read again when it says something, at the latest after this,
# but not sooner than the pause: it may say something all the time.
RESCAN_S = 30.0
RESCAN_PAUSE_S = 0.5
CLOSE_LIMIT_S = 1.0  # of waiting for a bus that answers nothing: a program that is to end has a limit of its own


class Listener(Protocol):
    """Who is told; see `monitor.Monitor`."""

    def itemsChanged(self, service: Service, values: dict[str, Any]) -> object:  # noqa: N802 - aiovelib's name
        """Values of a known service changed."""

    def serviceAdded(self, service: Service) -> Coroutine[Any, Any, None]:  # noqa: N802 - aiovelib's name
        """A service is known."""

    def serviceRemoved(self, service: Service) -> Coroutine[Any, Any, None]:  # noqa: N802 - aiovelib's name
        """A known service has left."""


class _Watch:
    """A service from the moment its name appears until it vanishes."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.is_listened_to = False
        self.is_known = False
        self.listener_fails = False
        self.has_spoken = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Tracker:
    """Follows all services of wanted names.

    Args:
        bus: The connection.
        listener: Who is told of what happens.
        wants: Whether a name is to be followed.
        make_service: Makes what is kept of a service from its name and its owner.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        listener: Listener,
        wants: Callable[[str], bool],
        make_service: Callable[[str, str], Service],
    ) -> None:
        self._bus = bus
        self._listener = listener
        self._wants = wants
        self._make_service = make_service
        self.arrivals: Arrivals[Service] = Arrivals()
        self._watches: dict[str, _Watch] = {}  # by name
        self._by_owner: defaultdict[str, list[_Watch]] = defaultdict(list)
        self._moved: set[str] = set()  # names whose owner changed while we start
        self._is_listening = self._is_started = False
        self._removals: dict[str, asyncio.Task[None]] = {}  # by name
        self._tasks = Tasks()

    def get(self, name: str) -> Service | None:
        """Returns a known service."""
        watch = self._watches.get(name)
        return watch.service if watch is not None and watch.is_known else None

    def known(self) -> list[Service]:
        """Returns all known services."""
        return [watch.service for watch in self._watches.values() if watch.is_known]

    async def start(self) -> None:
        """Begins to follow, and reads what is there, for START_LIMIT_S at most.

        Raises:
            BusLost: The connection ended.
        """
        self._is_listening = True
        self._tasks.start(self._watch_bus(), name="monitor: bus")
        self._bus.add_signal_handler(self._on_signal)
        self._bus.add_changes_handler(self._on_changes)
        await add_match(self._bus, OWNER_CHANGES)
        names = [name for name in await list_names(self._bus) if self._wants(name)]
        owners = await asyncio.gather(*(name_owner(self._bus, name) for name in names))
        for name, owner in zip(names, owners, strict=True):
            # A name that moved meanwhile has been seen to by its signal, which is newer than this answer.
            if owner is not None and name not in self._moved:
                self._appear(name, owner)
        self._is_started = True
        self._moved.clear()
        readings = [watch.task for watch in self._watches.values() if watch.task is not None]
        if readings:
            await asyncio.wait(readings, timeout=START_LIMIT_S)

    async def close(self) -> None:
        """Stops to follow. Nobody is told. Harmless when repeated."""
        if not self._is_listening:
            return
        self._is_listening = False
        self._bus.remove_signal_handler(self._on_signal)
        self._bus.remove_changes_handler(self._on_changes)
        await self._tasks.cancel()
        rules = [rule for watch in self._watches.values() for rule in item_changes(watch.service.owner)]
        removals = asyncio.gather(*map(self._remove_match, (OWNER_CHANGES, *rules)))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(removals, CLOSE_LIMIT_S)
        self._watches.clear()
        self._by_owner.clear()

    async def _watch_bus(self) -> None:
        try:
            await self._bus.wait_lost()
        except BusLost as error:
            self.arrivals.fail(error)

    # Names

    def _on_signal(self, signal: Signal) -> None:
        if signal.member != "NameOwnerChanged" or signal.sender != DAEMON:
            return
        name, _, owner = signal.body
        if not self._wants(name):
            return
        if not self._is_started:
            self._moved.add(name)
        self._vanish(name)
        if owner:
            self._appear(name, owner)

    def _appear(self, name: str, owner: str) -> None:
        self._watches[name] = watch = _Watch(self._make_service(name, owner))
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
        removal = self._tasks.start(self._remove(watch, self._removals.get(name)), name=f"monitor: {name} left")
        self._removals[name] = removal
        removal.add_done_callback(lambda _: self._forget_removal(name, removal))

    def _forget_removal(self, name: str, removal: asyncio.Task[None]) -> None:
        if self._removals.get(name) is removal:
            del self._removals[name]

    async def _remove(self, watch: _Watch, previous: asyncio.Task[None] | None) -> None:
        if watch.task is not None:
            watch.task.cancel()
            await asyncio.wait((watch.task,))
        if previous is not None:
            await asyncio.wait((previous,))
        if watch.is_known:
            about = f"serviceRemoved of {watch.service.name}"
            await callbacks.tell_and_wait(about, self._listener.serviceRemoved(watch.service))
        if watch.is_listened_to:
            await asyncio.gather(*map(self._remove_match, item_changes(watch.service.owner)))

    async def _remove_match(self, rule: str) -> None:
        with contextlib.suppress(CallError, BusLost):
            await remove_match(self._bus, rule)

    # Values

    async def _follow(self, watch: _Watch) -> None:
        service = watch.service
        removal = self._removals.get(service.name)
        if removal is not None:  # its predecessor's serviceRemoved comes before its own serviceAdded
            await asyncio.wait((removal,))
        try:
            service.update_unseen_items(await self._read_until_done(watch))
        except BusLost:
            return  # reported by wait_lost
        watch.is_known = True
        self.arrivals.arrive(service.name, service)
        await callbacks.tell_and_wait(f"serviceAdded of {service.name}", self._listener.serviceAdded(service))

    async def _read_until_done(self, watch: _Watch) -> Changes:
        name = watch.service.name
        level = logging.WARNING
        while True:
            watch.has_spoken.clear()
            try:
                changes = await self._read(watch)
            except CallError as error:
                log.log(level, "%s cannot be read; trying again when it says something: %s", name, error)
                level = logging.DEBUG  # once is enough
            else:
                if level == logging.DEBUG:
                    log.info("%s can be read now", name)
                return changes
            await asyncio.sleep(RESCAN_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(watch.has_spoken.wait(), RESCAN_S)

    async def _read(self, watch: _Watch) -> Changes:
        service = watch.service
        if not watch.is_listened_to:
            for rule in item_changes(service.owner):
                await add_match(self._bus, rule)
            watch.is_listened_to = True
        if service.paths is not None and not service.paths:
            return {}
        return await scan(self._bus, service.owner)

    def _on_changes(self, sender: str, changes: Changes) -> None:
        for watch in tuple(self._by_owner.get(sender, ())):
            watch.has_spoken.set()
            service = watch.service
            updated = service.update_items(changes)
            if updated and watch.is_known:
                changed, fails = self._listener.itemsChanged, watch.listener_fails
                ok = callbacks.tell(f"itemsChanged for {service.name}", changed, service, updated, is_failing=fails)
                watch.listener_fails = not ok
