"""The one thread that talks to the adapter. Everybody else asks it, and reads its snapshot."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from obdio.driver import Driver, Sinks
from obdio.errors import LinkLost, NotConnected, ObdError
from obdio.snapshot import Remembered, Snapshot
from obdio.table import Table, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from obdio.adapter import AdapterSettings
    from obdio.extra import CommandSpec
    from obdio.guard import GuardLimits

LONGEST_WAIT_S = 1.0
"""The thread looks at the clock at least so often."""
MAX_REQUESTS = 256
"""Requests waiting for the thread: 16 clients with 16 each; more are refused at once."""

MAX_TURN = 4
"""Requests served before polling and the battery guard have a turn again: a client may ask faster than they end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Everything a worker needs to know at its start. period_s: how often a command is asked, in seconds."""

    adapter: AdapterSettings
    period_s: Callable[[str], float]
    guard: GuardLimits | None = None
    own: tuple[CommandSpec, ...] = ()
    cache_dir: str | None = None
    remembered: Remembered = field(default_factory=Remembered)
    first_pause_s: float | None = None
    before_open: Callable[[str], None] = lambda _: None
    """Called with the port, in the adapter's thread, each time before it is opened; LinkLost keeps it closed."""
    settle_s: float = 0.0
    """Pause before the first try, when the adapter was in use until now."""


@dataclass(slots=True)
class _Request:
    work: Callable[[Driver], Any]
    future: Future[Any] = field(default_factory=Future)


class Worker:
    """Owner of the adapter. start() once, close() at the end; every public method may be called from any thread.

    What is asked gives a future. Exceptions in it: UnknownCommand, NotConnected, LinkLost, Refused.
    """

    def __init__(self, settings: WorkerSettings, sinks: Sinks) -> None:
        self.settings = settings
        self.snapshot = Snapshot(port=settings.adapter.port)
        self.first_try_done = threading.Event()
        self._sinks = sinks
        self._driver: Driver | None = None
        self._requests: queue.Queue[_Request] = queue.Queue(MAX_REQUESTS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="obdio adapter", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self, timeout_s: float = 3.0) -> None:
        """End the thread; it closes the port. Returns after timeout_s at the latest."""
        self._stopping.set()
        self._cancel_exchange()
        self.submit(lambda _: None)  # wakes it
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs; after start() it ends only by close() or a bug, which it has then shown."""
        return self._thread.is_alive()

    @property
    def table(self) -> Table | None:
        """The commands, once the thread has loaded python-OBD."""
        return self._driver.table if self._driver else None

    @property
    def remembered(self) -> Remembered:
        """What worked last."""
        return self._driver.remembered if self._driver else self.settings.remembered

    @property
    def is_polling(self) -> bool:
        """Whether polling is not paused."""
        return self._driver is None or self._driver.is_polling

    def is_wanted(self, name: str) -> bool:
        """Whether name is polled for anybody."""
        return self._driver is not None and name in self._driver.schedule

    def submit(self, work: Callable[[Driver], Any]) -> Future[Any]:
        """Have work(driver) done by the thread."""
        request = _Request(work)
        try:
            self._requests.put_nowait(request)
        except queue.Full:
            request.future.set_exception(NotConnected(f"{MAX_REQUESTS} requests wait for the adapter already"))
        return request.future

    def want(self, owner: object, names: Iterable[str], period_s: float | None = None) -> Future[Any]:
        """Poll names for owner from now on."""
        wanted = list(names)
        return self.submit(lambda driver: driver.want(owner, wanted, period_s))

    def drop(self, owner: object, names: Iterable[str] | None = None) -> Future[Any]:
        """Stop polling names, or everything, for owner."""
        dropped = None if names is None else list(names)
        return self.submit(lambda driver: driver.drop(owner, dropped))

    def query(self, name: str) -> Future[Any]:
        """Ask the vehicle now; gives an OBDResponse."""
        return self.submit(lambda driver: driver.query(name))

    def clear_codes(self) -> Future[Any]:
        """Erase trouble codes. The caller has checked all conditions but the engine's, which is checked there."""
        return self.submit(lambda driver: driver.clear_codes())

    def force(self, command: Any) -> Future[Any]:
        """Let command be polled although the vehicle does not list it. Refused when it does not only read."""
        return self.submit(lambda driver: driver.force(command))

    def sleep(self) -> Future[Any]:
        """Put the adapter into low power and leave it alone until reconnect()."""
        return self.submit(lambda driver: driver.sleep())

    def disconnect(self) -> Future[Any]:
        """Close the port and stay away from it until reconnect()."""
        self._cancel_exchange()
        return self.submit(lambda driver: driver.disconnect())

    def reconnect(self) -> Future[Any]:
        """Open the port again at once."""
        return self.submit(lambda driver: driver.reconnect())

    def set_polling(self, is_on: bool) -> Future[Any]:  # noqa: FBT001 - the whole meaning is this flag
        """Pause or resume polling; live queries go on."""
        return self.submit(lambda driver: setattr(driver, "is_polling", is_on))

    def _run(self) -> None:
        reason = "the adapter's thread failed"
        try:
            table = Table(load(self.settings.cache_dir), self.settings.own)
            self._driver = Driver(self.settings, table, self._sinks, publish=self._publish, stopping=self._stopping)
            while not self._stopping.is_set():
                until = self._driver.step()
                if self.snapshot.tries or self.snapshot.supported:
                    self.first_try_done.set()
                self._serve(self._driver, min(max(until - time.monotonic(), 0.0), LONGEST_WAIT_S))
            reason = "closed"
        finally:
            if self._driver is not None:
                self._driver.finish(reason)
            self.first_try_done.set()
            self._refuse_waiting()

    def _serve(self, driver: Driver, wait_s: float) -> None:
        """Do some of what was asked for, waiting up to wait_s for the first request."""
        try:
            self._answer(driver, self._requests.get(wait_s > 0, wait_s))
            for _ in range(MAX_TURN - 1):
                self._answer(driver, self._requests.get_nowait())
        except queue.Empty:
            pass

    @staticmethod
    def _answer(driver: Driver, request: _Request) -> None:
        if not request.future.set_running_or_notify_cancel():
            return
        try:
            request.future.set_result(request.work(driver))
        except LinkLost as lost:
            driver.lose(lost)
            request.future.set_exception(lost)
        except ObdError as error:
            request.future.set_exception(error)

    def _publish(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def _cancel_exchange(self) -> None:
        if self._driver is not None:
            self._driver.adapter.terms.is_cancelled = True

    def _refuse_waiting(self) -> None:
        while True:
            try:
                request = self._requests.get_nowait()
            except queue.Empty:
                return
            if request.future.set_running_or_notify_cancel():
                request.future.set_exception(NotConnected("the link to the vehicle was closed"))
