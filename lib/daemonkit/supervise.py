"""Keeping things alive inside a daemon: one reconnecting object, and a fence that confines a bug."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import time
from typing import TYPE_CHECKING, NoReturn

from daemonkit.backoff import Backoff
from daemonkit.errors import LinkLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

# A link that was up for less than this did not really work: its delays go on growing.
STEADY_S = 10.0

_log = logging.getLogger(__name__)


class LinkState(enum.Enum):
    """Where a link stands."""

    CONNECTING = "connecting"
    UP = "up"
    WAITING = "waiting"
    CLOSED = "closed"


class KeptLink:
    """One connection that is made again whenever it is lost; the only retry loop there is.

    `session(up)` connects, calls `up()` as soon as the link is usable, and works until the link is lost: then it raises
    one of `lost` (LinkLost, unless told otherwise); returning means lost too. Any other exception leaves `run()`.
    Logged once when it goes down (WARNING) and once when it is back (INFO); repeats are DEBUG.
    """

    def __init__(
        self,
        name: str,
        session: Callable[[Callable[[], None]], Awaitable[None]],
        *,
        backoff: Backoff | None = None,
        lost: tuple[type[Exception], ...] = (LinkLost,),
        on_state: Callable[[LinkState], None] | None = None,
    ) -> None:
        self.name = name
        self.state = LinkState.CLOSED
        self._session = session
        self._backoff = backoff or Backoff()
        self._lost = lost
        self._on_state = on_state
        self._up_since: float | None = None
        self._down_since: float | None = None

    async def run(self) -> NoReturn:
        """Keep the link until cancelled."""
        try:
            while True:
                await self._run_once()
                self._enter(LinkState.WAITING)
                await asyncio.sleep(self._backoff.next_delay())
        finally:
            self._enter(LinkState.CLOSED)

    async def _run_once(self) -> None:
        self._enter(LinkState.CONNECTING)
        try:
            await self._session(self._go_up)
            reason = "the session ended"
        except self._lost as error:
            heed_cancellation()
            reason = str(error) or type(error).__name__
        now = time.monotonic()
        if self._up_since is not None and now - self._up_since >= STEADY_S:
            self._backoff.reset()
        self._up_since = None
        first = self._down_since is None
        self._down_since = now if self._down_since is None else self._down_since
        _log.log(logging.WARNING if first else logging.DEBUG, "%s is down: %s", self.name, reason)

    def _go_up(self) -> None:
        self._up_since = time.monotonic()
        if self._down_since is None:
            _log.info("%s is connected", self.name)
        else:
            _log.info("%s is back after %.0f s", self.name, self._up_since - self._down_since)
        self._down_since = None
        self._enter(LinkState.UP)

    def _enter(self, state: LinkState) -> None:
        if state is not self.state:
            self.state = state
            if self._on_state is not None:
                self._on_state(state)


def heed_cancellation() -> None:
    """Raise CancelledError if the running task has been told to end and something swallowed that.

    A connection that fails while it is closed does, and so does asyncio.wait_for on Python 3.11 when its result comes
    at the same time. Without this a loop would go on, and whoever ends it would wait for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def keep_connected(
    name: str,
    session: Callable[[Callable[[], None]], Awaitable[None]],
    *,
    backoff: Backoff | None = None,
    lost: tuple[type[Exception], ...] = (LinkLost,),
    on_state: Callable[[LinkState], None] | None = None,
) -> NoReturn:
    """Run a KeptLink until cancelled: for callers that do not need to look at its state."""
    await KeptLink(name, session, backoff=backoff, lost=lost, on_state=on_state).run()


@contextlib.contextmanager
def fence(what: str) -> Iterator[None]:
    """Confine a bug: an unexpected exception is logged with its traceback and ends the block, not the daemon.

    For the handling of one message or one device, where the others must go on. What can be foreseen (WireError,
    Refused) is handled before it gets here.
    """
    try:
        yield
    except Exception:  # noqa: BLE001 (the fence is there for what nobody foresaw)
        _log.exception("%s failed because of a bug; going on without it", what)
