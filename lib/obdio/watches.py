"""Who watches what. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Watches:
    """The commands that each client watches, and which clients are paused."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}
        self._paused: set[str] = set()

    def of(self, sid: str) -> set[str]:
        """Return what the client watches."""
        return self._names.get(sid, set())

    @property
    def clients(self) -> set[str]:
        """Every client that watches or is paused."""
        return set(self._names) | self._paused

    def add(self, sid: str, names: Iterable[str]) -> None:
        """Note that the client watches names too."""
        self._names.setdefault(sid, set()).update(names)

    def remove(self, sid: str, names: Iterable[str] | None) -> set[str]:
        """Note that the client no longer watches names, or anything; returns what it really watched of them."""
        watched = self._names.get(sid, set())
        removed = set(watched) if names is None else watched & set(names)
        watched -= removed
        if not watched:
            self._names.pop(sid, None)
        return removed

    def pause(self, sid: str, is_paused: bool) -> None:  # noqa: FBT001 - the whole meaning
        """Stop or resume pushing to the client."""
        (self._paused.add if is_paused else self._paused.discard)(sid)

    def forget(self, sid: str) -> None:
        """Drop the client."""
        self._names.pop(sid, None)
        self._paused.discard(sid)

    def takers(self, name: str) -> list[str]:
        """Return the clients that get a value of name now."""
        return [sid for sid, names in self._names.items() if name in names and sid not in self._paused]
