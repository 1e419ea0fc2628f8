"""The clients of one server: what each watches, and values on their way to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obdio.encoding import plain
from obdio.replies import PRIVATE, masked
from obdio.watches import Watches

if TYPE_CHECKING:
    from obdio.policy import Policy

MAX_BACKLOG = 500
"""Packets waiting for one client: some 25 s at 20 values/s; a client further behind is not reached any more."""


class Clients:
    """policy says who may see what. socket is python-socketio's server, None before there is one."""

    def __init__(self, policy: Policy, *, max_backlog: int = MAX_BACKLOG) -> None:
        self.watches = Watches()
        self.socket: Any = None
        self._policy = policy
        self._max_backlog = max_backlog

    async def push(self, name: str, encoded: Any, takers: list[str]) -> None:
        """Send a value, hiding what identifies the vehicle from those who may not see it."""
        if name not in PRIVATE:
            await self.socket.emit("watching", encoded, to=takers)
            return
        for sid in takers:
            await self.socket.emit("watching", masked(encoded, name, self._policy.sees_private(sid)), to=sid)

    async def deliver(self, responses: list[Any]) -> set[str]:
        """Send values to those who watch them and keep up; returns the clients that are gone."""
        gone, lagging = self._look()
        for response in responses:
            name = response.command.name
            takers = [sid for sid in self.watches.takers(name) if sid not in lagging and sid not in gone]
            if takers:
                await self.push(name, plain(response), takers)
        return gone

    async def tell_all(self, event: str, *data: Any) -> None:
        """Send an event to every client."""
        if self.socket is not None:
            await self.socket.emit(event, data)

    def _look(self) -> tuple[set[str], set[str]]:
        """Return the clients that are gone, and those that do not take what they are sent.

        A client that is gone is usually forgotten by its disconnect event, but a program may have replaced that.
        """
        gone, lagging = set(), set()
        for sid in self.watches.clients:
            client = self.socket.eio.sockets.get(self.socket.manager.eio_sid_from_sid(sid, "/"))
            if client is None:
                gone.add(sid)
            elif client.queue.qsize() > self._max_backlog:
                lagging.add(sid)
        return gone, lagging
