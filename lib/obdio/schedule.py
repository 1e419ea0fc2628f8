"""Which command is asked next: only what somebody wants, each at its own rate. Pure: time comes in."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

MAX_COMMANDS = 512
"""Commands wanted at once: more than any vehicle supports, so a client cannot fill memory with names."""


@dataclass(slots=True)
class _Want:
    owners: dict[Hashable, float] = field(default_factory=dict)
    period_s: float = 0.0
    due: float = 0.0
    turn: int = 0


class Schedule:
    """The wishes of all owners (clients, D-Bus, a script) and when each command is due."""

    def __init__(self, default_period_s: Callable[[str], float]) -> None:
        self._default_period_s = default_period_s
        self._wants: dict[str, _Want] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._wants)

    def __contains__(self, name: object) -> bool:
        return name in self._wants

    @property
    def names(self) -> list[str]:
        """All wanted commands."""
        return list(self._wants)

    def want(self, owner: Hashable, name: str, now: float, period_s: float | None = None) -> bool:
        """Ask for name every period_s seconds (default: its usual rate); False when MAX_COMMANDS are wanted already.

        The shortest period of all owners counts. A command that is new is due at once.
        """
        want = self._wants.get(name)
        if want is None:
            if len(self._wants) >= MAX_COMMANDS:
                return False
            want = self._wants[name] = _Want(due=now)
        want.owners[owner] = self._default_period_s(name) if period_s is None else period_s
        self._set_period(want)
        return True

    def drop(self, owner: Hashable, names: Iterable[str] | None = None) -> None:
        """Forget what owner wants: names, or everything."""
        for name in list(self._wants if names is None else names):
            want = self._wants.get(name)
            if want is None or want.owners.pop(owner, None) is None:
                continue
            if want.owners:
                self._set_period(want)
            else:
                del self._wants[name]

    def due(self, now: float, limit: int = 1) -> list[str]:
        """Return up to limit commands whose time has come, the longest waiting first."""
        waiting = ((want.due, want.turn, name) for name, want in self._wants.items() if want.due <= now)
        return [name for _, _, name in heapq.nsmallest(limit, waiting)]

    def asked(self, names: Iterable[str], now: float) -> None:
        """Note that names were just asked; each is due again one period later."""
        for name in names:
            if name in self._wants:
                want = self._wants[name]
                self._turn += 1  # those asked together are due together: who had a turn last comes last
                want.due, want.turn = now + want.period_s, self._turn

    def asked_again(self, name: str, now: float) -> None:
        """Make name due at once if it is wanted, however long it was put off."""
        if name in self._wants:
            self._wants[name].due = now

    def next_due(self) -> float | None:
        """Return when the next command is due, None when nothing is wanted."""
        return min((want.due for want in self._wants.values()), default=None)

    def period_s(self, name: str) -> float | None:
        """Return the interval at which name is asked, None when it is not wanted."""
        want = self._wants.get(name)
        return None if want is None else want.period_s

    def all_due(self, now: float) -> None:
        """Make everything due, after a reconnection for example."""
        for want in self._wants.values():
            want.due = now

    def _set_period(self, want: _Want) -> None:
        shortest = min(want.owners.values())
        if want.owners and shortest < want.period_s:
            want.due -= want.period_s - shortest
        want.period_s = shortest
