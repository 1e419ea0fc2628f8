"""What the daemon remembers over restarts: the link that worked, the services that were seen, the trip."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from daemonkit.statefile import load_state, save_state

if TYPE_CHECKING:
    from pathlib import Path

SAVE_S = 900.0
"""Totals are written so often while they change, and when the engine stops: flash wears, a power cut loses little."""


class Memory:
    """A small dictionary in a file, written rarely."""

    def __init__(self, path: Path) -> None:
        self._path = path
        loaded = load_state(path)
        self._state: dict[str, Any] = loaded if isinstance(loaded, dict) else {}
        self._saved = dict(self._state)
        self._next_save = 0.0

    def get(self, key: str) -> Any:
        """Return what was remembered, None for nothing."""
        return self._state.get(key)

    def put(self, key: str, value: Any) -> None:
        """Remember from the next save on."""
        self._state[key] = value

    async def save(self, now: float, *, at_once: bool = False) -> None:
        """Write if something changed, and the last writing is SAVE_S ago or at_once is set."""
        if self._state == self._saved or (now < self._next_save and not at_once):
            return
        self._next_save = now + SAVE_S
        self._saved = dict(self._state)
        await asyncio.to_thread(save_state, self._path, self._saved)
