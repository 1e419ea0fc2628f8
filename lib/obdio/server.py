"""OBDio: the vehicle behind a Socket.IO server. The only file that imports python-socketio."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import socketio  # type: ignore[import-untyped]

import obdio
from obdio.adapter import AdapterSettings
from obdio.background import Background, is_in_loop
from obdio.clients import Clients
from obdio.connection import Connection
from obdio.driver import SETTLE_S, Sinks
from obdio.encoding import plain
from obdio.errors import ObdError, Refused
from obdio.events import Event, Events
from obdio.fanout import Fanout
from obdio.policy import Policy
from obdio.replies import describe_link
from obdio.snapshot import Remembered, Snapshot
from obdio.web import run_blocking
from obdio.worker import Worker, WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from obdio.extra import CommandSpec
    from obdio.guard import GuardLimits

CONNECT_WAIT_S = 20.0
"""connect_obd() outside of an event loop waits so long for the first try: a search for the protocol takes 15 s."""
THREAD_END_S = 3.0
"""An exchange under way is cancelled, but python-OBD's own pauses of 1 s are not."""
LATE_VALUE_S = 60.0  # a client that starts to watch gets the last value unless it is older


class OBDio:
    """A Socket.IO server with python-OBD's functions as events.

    policy: the rights of clients. guard: limits of the starter-battery guard, None for none. own: additional commands.
    cache_dir: where pint may keep its parsed units. period_s: how often each command is polled; default: delay_cmds of
    connect_obd() for all.
    """

    def __init__(
        self,
        *,
        policy: Policy | None = None,
        guard: GuardLimits | None = None,
        own: tuple[CommandSpec, ...] = (),
        cache_dir: str | None = None,
        period_s: Callable[[str], float] | None = None,
    ) -> None:
        self.connection: Connection | None = None
        self.socket: Any = None
        self.static_files: dict[str, Any] = {}
        self.policy = policy or Policy()
        self.remembered = Remembered()
        self.on_remember: Callable[[Remembered], None] = lambda _: None
        self.on_link: Callable[[Snapshot], None] = lambda _: None
        self.before_open: Callable[[str], None] = lambda _: None
        self._guard, self._own, self._cache_dir, self._period_s = guard, own, cache_dir, period_s
        self._clients = Clients(self.policy)
        self._fanout = Fanout(self._deliver)
        self._background = Background()
        self._events = Events(self)

    def connect_obd(  # noqa: PLR0917 - python-OBD's signature
        self,
        portstr: str | None = None,
        baudrate: int | None = None,
        protocol: str | None = None,
        fast: bool = True,  # noqa: FBT001, FBT002 - python-OBD's signature
        timeout: float = 0.1,
        check_voltage: bool = True,  # noqa: FBT001, FBT002
        start_low_power: bool = False,  # noqa: FBT001, FBT002
        delay_cmds: float = 0.25,
    ) -> Connection:
        """Open the link and keep it open; arguments as obd.Async has them. An earlier link is closed first.

        Outside of an event loop this waits for the first try; inside it returns at once and connects in the background.
        """
        was_open = self.connection is not None
        self.close()
        adapter = AdapterSettings(portstr or "", baudrate, protocol, fast, timeout, check_voltage, start_low_power)
        settings = WorkerSettings(
            adapter=adapter,
            guard=self._guard,
            own=self._own,
            cache_dir=self._cache_dir,
            remembered=self.remembered,
            before_open=self.before_open,
            settle_s=SETTLE_S if was_open else 0.0,
            period_s=self._period_s or (lambda _: delay_cmds),
        )
        sinks = Sinks(self._receive, self._fanout.link, self.on_remember)
        worker = Worker(settings, sinks)
        self.connection = Connection(worker, self._call_watch_callback)
        self._want_again(worker)
        worker.start()
        if not is_in_loop():
            worker.first_try_done.wait(CONNECT_WAIT_S)
        return self.connection

    def create_server(self, **kwargs: Any) -> Any:
        """Make the Socket.IO server and return it; kwargs go to socketio.AsyncServer.

        json defaults to obdio. Default events are defined here, so handlers registered later replace them.
        """
        kwargs.setdefault("json", obdio)
        kwargs.setdefault("async_mode", "asgi")
        self.socket = self._clients.socket = socketio.AsyncServer(**kwargs)
        for name, event in self._events.table.items():
            self.socket.on(name, self._handler(name, event))
        self.socket.on("connect", self._connect)
        self.socket.on("disconnect", self._disconnect)
        return self.socket

    def create_event(self, name: str, handler: Callable[..., Any]) -> None:
        """Define or replace the event called name; handler(sid, data) is async, data is None when none was sent."""
        self._need_server()

        async def call(sid: str, *args: Any) -> Any:
            return await handler(sid, args[0] if args else None)

        self.socket.on(name, call)

    def serve_static(self, files: Mapping[str, Any]) -> None:
        """Serve files by route, as python-socketio's static_files does."""
        self.static_files.update(files)

    def app(self, other: Any = None) -> Any:
        """Return the ASGI application: Socket.IO, the static files, and other for the rest."""
        self._need_server()
        return socketio.ASGIApp(
            self.socket, other, static_files=self.static_files, on_startup=self._start_up, on_shutdown=self._shut_down
        )

    def run_server(self, **config: Any) -> None:
        """Serve until a signal ends the program; config goes to uvicorn, such as host and port. Blocks."""
        config.setdefault("timeout_graceful_shutdown", 2)
        run_blocking(self.app(), **config)

    def watch_callback(self, response: Any) -> Any:
        """Take each response of a watched command: replace it by a function or coroutine function of your own."""

    async def watch(self, sid: str, names: list[str]) -> None:
        """Push the values of names to the client from now on; the last ones at once."""
        self._clients.watches.add(sid, names)
        connection = self.connection
        assert connection is not None  # noqa: S101 - the event checked it
        connection.worker.want(sid, names)
        for name in names:
            last = connection.last(name, LATE_VALUE_S)
            if last is not None:
                await self._clients.push(name, plain(last), [sid])

    async def unwatch(self, sid: str, names: list[str] | None) -> None:
        """Stop pushing names, or everything, to the client."""
        removed = self._clients.watches.remove(sid, names)
        if removed and self.connection is not None:
            self.connection.worker.drop(sid, removed)

    async def pause(self, sid: str, is_paused: bool) -> None:  # noqa: FBT001 - the whole meaning
        """Stop or resume pushing to the client."""
        self._clients.watches.pause(sid, is_paused)

    def watched(self, sid: str) -> set[str]:
        """Return what the client watches."""
        return self._clients.watches.of(sid)

    async def tell_all(self, event: str, *data: Any) -> None:
        """Send an event to every client."""
        await self._clients.tell_all(event, *data)

    def close(self) -> None:
        """Close the link to the vehicle and end its thread."""
        if self.connection is not None:
            # Inside the loop there is no waiting for the thread: it ends by itself, within one exchange.
            self.connection.worker.close(0.0 if is_in_loop() else THREAD_END_S)

    def _handler(self, name: str, event: Event) -> Callable[..., Any]:
        async def handle(sid: str, *args: Any) -> Any:
            try:
                if not self.policy.allows(sid):
                    raise Refused("too many requests: wait a second")
                result = await event.handler(sid, *args)
            except ObdError as error:
                problem = {"event": name, "reason": str(error), "kind": type(error).__name__}
                await self.socket.emit("error", problem, to=sid)
                return {"error": problem}
            if event.is_answered:
                await self.socket.emit(name, (result,), to=sid)
            return (result,)  # as a tuple: None must arrive as null, not as no argument

        return handle

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        reason = self.policy.refuses(sid, environ, auth)
        if reason is not None:
            raise socketio.exceptions.ConnectionRefusedError(reason)
        if self.connection is not None:
            await self.socket.emit("link_state", describe_link(self.connection.snapshot), to=sid)

    async def _disconnect(self, sid: str, *_reason: Any) -> None:
        await self.unwatch(sid, None)
        self._clients.watches.forget(sid)
        self.policy.forget(sid)

    def _start_up(self) -> None:
        self._fanout.attach(asyncio.get_running_loop())

    async def _shut_down(self) -> None:
        self._fanout.detach()
        await self.socket.shutdown()
        await asyncio.to_thread(self.close)

    def _receive(self, responses: list[Any]) -> None:
        """Take values in the adapter's thread."""
        if self.connection is None:
            return
        if not self._fanout.responses(responses):
            self.connection.receive(responses)  # no event loop runs: a plain script with callbacks

    async def _deliver(self, responses: list[Any], snapshot: Snapshot | None) -> None:
        """Take values in the event loop."""
        if self.connection is not None:
            self.connection.receive(responses)
        if snapshot is not None:
            self.on_link(snapshot)
            await self.tell_all("link_state", describe_link(snapshot))
        if self.socket is not None:
            for sid in await self._clients.deliver(responses):
                self._background.spawn(self._disconnect(sid))

    def _call_watch_callback(self, response: Any) -> None:
        result = self.watch_callback(response)
        if inspect.isawaitable(result):
            self._background.spawn(result)

    def _want_again(self, worker: Worker) -> None:
        for sid in self._clients.watches.clients:
            worker.want(sid, self._clients.watches.of(sid))

    def _need_server(self) -> None:
        if self.socket is None:
            raise ObdError("call create_server() first")
