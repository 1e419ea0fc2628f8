"""A bus inside the process, for unit tests and dry runs: the same rules as a bus daemon's, without one.

    hub = MemoryHub()
    service = Service(hub.connect(), "com.victronenergy.grid.test")
    monitor = await Monitor.create(hub.connect())

Messages take at least one turn of the event loop and arrive in the order in which they were sent. Values go through
the same checks as on a real bus, and match rules filter signals as there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from velib_async._handlers import Handlers
from velib_async.bus_interface import BUS_ITEM, CALL_TIMEOUT_S, NO_REPLY, UNKNOWN_METHOD, Signal, items_body
from velib_async.changes import changes_in
from velib_async.errors import BusLost, CallTimeout, VelibError
from velib_async.memory_call import MemoryCall
from velib_async.memory_daemon import MemoryDaemon
from velib_async.names import DAEMON
from velib_async.values import unwrap, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from velib_async.bus_interface import Published

SERVICE_UNKNOWN = "org.freedesktop.DBus.Error.ServiceUnknown"

# What may wait while the hub is paused; a test that sends more has lost its way.
BACKLOG_LIMIT = 10_000


class MemoryBus(Handlers):
    """One connection to a MemoryHub; see `bus_interface.Bus`."""

    def __init__(self, hub: MemoryHub, unique_name: str) -> None:
        super().__init__()
        self.unique_name = unique_name
        self._hub = hub
        self._asked: set[MemoryCall] = set()  # calls to us that are not answered
        self._ended = asyncio.Event()
        self._is_lost = False

    async def call(  # noqa: PLR0917 - see bus.Bus
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
        """See `bus_interface.Bus.call`."""
        plain = [unwrap(value) for value in wrap(signature, body)]
        self._check()
        call = MemoryCall(self._hub.post, self.unique_name, (path, interface, member), signature, plain)
        self._hub.post(lambda: self._hub.deliver_call(destination, call))
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((call.answer, ended), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if call.answer.done():
                return call.answer.result()
        finally:
            ended.cancel()
            call.give_up()
        self._check()
        raise CallTimeout(NO_REPLY, f"{destination}{path} {member}: no answer within {timeout_s:g} s")

    def send_signal(
        self, path: str, interface: str, member: str, signature: str = "", body: Sequence[Any] = ()
    ) -> None:
        """See `bus_interface.Bus.send_signal`."""
        plain = [unwrap(value) for value in wrap(signature, body)]
        self._post_signal(Signal(self.unique_name, path, interface, member, plain))

    def send_items_changed(self, items: Iterable[Published]) -> asyncio.Future[None]:
        """See `bus_interface.Bus.send_items_changed`."""
        body = wrap("a{sa{sv}}", [items_body(items)])
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._ended.is_set():
            sent.set_result(None)
            return sent
        self._post_signal(Signal(self.unique_name, "/", BUS_ITEM, "ItemsChanged", [unwrap(body[0])]))
        self._hub.post(lambda: None if sent.done() else sent.set_result(None))
        return sent

    async def wait_lost(self) -> None:
        """See `bus_interface.Bus.wait_lost`."""
        await self._ended.wait()
        if self._is_lost:
            self._check()

    async def close(self) -> None:
        """See `bus_interface.Bus.close`."""
        if not self._ended.is_set():
            self._ended.set()
            self._hub.disconnect(self)

    # Called by the hub

    def take_call(self, call: MemoryCall) -> None:
        """A method call arrives."""
        self._asked.add(call)
        call.answer.add_done_callback(lambda _: self._asked.discard(call))
        if self._call_handler is None or not self._call_handler(call):
            call.refuse(UNKNOWN_METHOD, f"{call.interface}.{call.member} is not known at {call.path}")

    def take_signal(self, signal: Signal) -> None:
        """A signal arrives that a match rule let through."""
        if signal.interface != BUS_ITEM:
            self._tell_signal(signal)
        elif changes := changes_in(signal.path, signal.member, signal.body):
            self._tell_changes(signal.sender, changes)

    def abandon_calls(self) -> None:
        """The connection is gone: whoever waits for its answers waits no more."""
        for call in tuple(self._asked):
            call.abandon(f"{self.unique_name} has left the bus")

    def lose(self) -> None:
        """The bus is gone."""
        self._is_lost = not self._ended.is_set()
        self._ended.set()

    def _check(self) -> None:
        if self._ended.is_set():
            reason = "the hub was stopped" if self._is_lost else "it was closed"
            raise BusLost(f"the connection {self.unique_name} has ended: {reason}")

    def _post_signal(self, signal: Signal) -> None:
        if not self._ended.is_set():
            self._hub.post(lambda: self._hub.deliver_signal(signal))


class MemoryHub:
    """What the connections of one in-process bus have in common. Needs a running event loop."""

    def __init__(self) -> None:
        self._buses: dict[str, MemoryBus] = {}
        self._daemon = MemoryDaemon(self.broadcast)
        self._queue: deque[Callable[[], None]] = deque()
        self._is_paused = False
        self._count = 0

    def connect(self) -> MemoryBus:
        """Makes a new connection."""
        self._count += 1
        bus = MemoryBus(self, f":1.{self._count}")
        self._buses[bus.unique_name] = bus
        self._daemon.connect(bus.unique_name)
        return bus

    def pause(self) -> None:
        """Holds all messages back, like a bus daemon that is busy."""
        self._is_paused = True

    def resume(self) -> None:
        """Ends `pause`."""
        self._is_paused = False
        for _ in range(len(self._queue)):
            asyncio.get_running_loop().call_soon(self._deliver_one)

    def stop(self) -> None:
        """Ends the bus as if its daemon had died: all connections are lost."""
        self._queue.clear()
        for bus in self._buses.values():
            bus.lose()
        self._buses.clear()

    # Called by the connections

    def post(self, deliver: Callable[[], None]) -> None:
        """Queues a message."""
        if len(self._queue) >= BACKLOG_LIMIT:
            raise VelibError(f"{BACKLOG_LIMIT} messages wait on a MemoryHub that is paused")
        self._queue.append(deliver)
        if not self._is_paused:
            asyncio.get_running_loop().call_soon(self._deliver_one)

    def deliver_call(self, destination: str, call: MemoryCall) -> None:
        """Brings a method call to its destination."""
        if destination == DAEMON:
            self._daemon.answer(call)
            return
        bus = self._buses.get(self._daemon.owner(destination) or "")
        if bus is None:
            call.refuse(SERVICE_UNKNOWN, f"nobody owns the name {destination}")
        else:
            bus.take_call(call)

    def deliver_signal(self, signal: Signal) -> None:
        """Brings a signal to all connections that have a match rule for it."""
        for unique_name in self._daemon.receivers(signal):
            self._buses[unique_name].take_signal(signal)

    def broadcast(self, signal: Signal) -> None:
        """Sends a signal of the daemon's own."""
        self.post(lambda: self.deliver_signal(signal))

    def disconnect(self, bus: MemoryBus) -> None:
        """Takes a connection off the bus, behind the messages that it has sent."""
        self.post(lambda: self._drop(bus))

    def _drop(self, bus: MemoryBus) -> None:
        if self._buses.pop(bus.unique_name, None) is not None:
            self._daemon.disconnect(bus.unique_name)
            bus.abandon_calls()

    def _deliver_one(self) -> None:
        if self._queue and not self._is_paused:
            self._queue.popleft()()
