"""Follows the bus for the table."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Self

from simulators.gx.bus_watch import BusWatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulators.demo.board import Board
    from simulators.gx.watched_service import WatchedService

HIDDEN: Final = {"com.victronenergy.settings"}
"""Hundreds of paths that say little about the devices."""


class Spy:
    """Writes what every service tells onto a board, as an async context manager."""

    def __init__(self, address: str, board: Board) -> None:
        self._board = board
        self._watch = BusWatch(address, on_change=self._tell, on_gone=self._forget)

    async def __aenter__(self) -> Self:
        await self._watch.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._watch.__aexit__(*exc)

    def _tell(self, service: WatchedService, paths: Iterable[str]) -> None:
        if service.name in HIDDEN:
            return
        now = time.monotonic()
        for path in paths:
            known = service.items[path]
            self._board.tell(service.name, path, known.value, known.text, now)

    def _forget(self, service: WatchedService) -> None:
        self._board.forget(service.name)
