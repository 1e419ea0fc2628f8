"""Polling: which registers are due, in which reads, and what came of them.

Registers of one age form a class that is due together. Whatever is due at one moment is one sweep: planned as few reads
as possible, published as one batch. A faster class that becomes due during a long sweep goes in front of what is left.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modbus_client.protocol.plan import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modbus_client.protocol.plan import Block, Limits
    from modbus_client.protocol.register import Register
    from modbus_client.protocol.request import Table

FAST_S = 1.0
"""Classes up to this age are power: they go before everything else on their line."""
_SLACK = 0.1
"""A class joins a sweep that starts this share of its age early: one read now is cheaper than two."""
STALE_AGES = 3.0
STALE_S = 5.0
"""A value is unknown when it is older than three of its ages and than this (the device's silence), while reads fail."""

Readings = dict[str, Any]


@dataclass(slots=True, eq=False)
class Sweep:
    """Reads that were planned together."""

    blocks: deque[Block]
    readings: Readings = field(default_factory=dict)
    open: int = 0  # reads without an outcome
    scales: dict[tuple[Table, int], int] = field(default_factory=dict)
    halves: dict[tuple[Table, int], Sequence[int] | None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Class:
    age_s: float
    due_at: float
    registers: list[Register]
    sweep: Sweep | None = None


class Poll:
    """The reads of one device over time."""

    def __init__(
        self, registers: Sequence[Register], limits: Limits, now: float, floor_s: float = 0.0, stale_s: float = STALE_S
    ) -> None:
        self.limits = limits
        self._floor_s = floor_s
        self._stale_s = stale_s
        ages = sorted({register.age_s for register in registers})
        self._classes = [_Class(age, now, [r for r in registers if r.age_s == age]) for age in ages]
        self._sweeps: list[Sweep] = []  # most urgent first
        self._plans: dict[tuple[float, ...], list[Block]] = {}
        self._scales: dict[tuple[Table, int], int] = {}
        self._read_at: dict[str, float] = {}
        self.refresh_s: float | None = None  # between the last two complete sweeps of the fastest class
        self._completed_at: float | None = None

    @property
    def due_at(self) -> float:
        """When the next read is due; in the past while a sweep is under way."""
        if self._sweeps:
            return 0.0
        return min((c.due_at for c in self._classes), default=float("inf"))

    def is_fast(self, now: float) -> bool:
        """Tell whether the next read is one of the fast classes."""
        self._open_due(now)
        if not self._sweeps:
            return False
        return min(register.age_s for register in self._sweeps[0].blocks[0].registers) <= FAST_S

    def take(self, now: float) -> tuple[Sweep, Block] | None:
        """Return the next read that is due. Its outcome must come back before another is taken."""
        self._open_due(now)
        if not self._sweeps:
            return None
        sweep = self._sweeps[0]
        return sweep, sweep.blocks.popleft()

    def answered(self, sweep: Sweep, block: Block, words: Sequence[int], now: float) -> Readings | None:
        """Take in a reply; return the readings when their sweep is complete."""
        for register in block.registers:
            own, scale = self._words_of(sweep, register, block, words)
            if own is None or (register.scale_at is not None and scale is None):
                continue  # the other half comes with another read of this sweep
            value = register.decode(own, scale)
            for key in keys_of(register):
                sweep.readings[key] = value
                self._read_at[key] = now
        return self._close(sweep, now)

    def _words_of(
        self, sweep: Sweep, register: Register, block: Block, words: Sequence[int]
    ) -> tuple[Sequence[int] | None, int | None]:
        start = register.at - block.read.at
        own = words[start : start + register.count] if 0 <= start <= len(words) - register.count else None
        if register.scale_at is None:
            return own, None
        place = (register.table, register.scale_at)
        if 0 <= register.scale_at - block.read.at < len(words):
            self._scales[place] = sweep.scales[place] = words[register.scale_at - block.read.at]
        # A scale factor may change at run time (SolarEdge), so only one of the same sweep counts.
        own = sweep.halves.setdefault((register.table, register.at), own) or own
        return own, sweep.scales.get(place)

    def replan(self, sweep: Sweep, block: Block, now: float) -> Readings | None:
        """Plan a refused block anew after the limits have changed; return readings if that ends its sweep."""
        self.forget_plans()
        left = plan(block.registers, self.limits)
        dropped = {id(r) for r in block.registers} - {id(r) for b in left for r in b.registers}
        for register in block.registers:
            if id(register) in dropped:
                sweep.readings.update(dict.fromkeys(keys_of(register)))
        sweep.blocks.extendleft(reversed(left))
        sweep.open += len(left)
        return self._close(sweep, now)

    def failed(self, sweep: Sweep, now: float) -> Readings | None:
        """Go on without the outcome of a read; return readings if that ends its sweep."""
        return self._close(sweep, now)

    def stale(self, now: float) -> Readings:
        """Return the values that have become too old to be shown, as None."""
        old: Readings = {}
        for each in self._classes:
            limit = max(self._stale_s, STALE_AGES * each.age_s)
            for register in each.registers:
                for key in keys_of(register):
                    if now - self._read_at.get(key, now) > limit:
                        old[key] = None
                        del self._read_at[key]
        return old

    def hurry(self, path: str, now: float) -> None:
        """Make the class of a path due at once, to see what a write did. What was read of it before counts no more."""
        for each in self._classes:
            known = each.sweep.readings if each.sweep is not None else {}
            for keys in (keys for keys in map(keys_of, each.registers) if path in keys):
                each.due_at = min(each.due_at, now)
                for key in keys:
                    known.pop(key, None)

    def _open_due(self, now: float) -> None:
        due = [c for c in self._classes if c.sweep is None and c.due_at <= now]
        if not due:
            return
        due += [c for c in self._classes if c.sweep is None and now < c.due_at <= now + _SLACK * c.age_s]
        key = tuple(sorted(c.age_s for c in due))
        if key not in self._plans:
            self._plans[key] = plan([r for c in due for r in c.registers], self.limits)
        blocks = self._plans[key]
        for each in due:
            each.due_at = now + max(each.age_s, self._floor_s)
        if not blocks:
            return
        sweep = Sweep(deque(blocks), open=len(blocks))
        for each in due:
            each.sweep = sweep
        urgent = bool(self._sweeps) and key[0] <= FAST_S
        self._sweeps.insert(0 if urgent else len(self._sweeps), sweep)

    def _close(self, sweep: Sweep, now: float) -> Readings | None:
        sweep.open -= 1
        if not sweep.blocks and sweep in self._sweeps:
            self._sweeps.remove(sweep)
        if sweep.open:
            return None
        for each in self._classes:
            if each.sweep is sweep:
                each.sweep = None
                if each is self._classes[0]:
                    self._note_refresh(now)
        return sweep.readings

    def _note_refresh(self, now: float) -> None:
        if self._completed_at is not None:
            self.refresh_s = round(now - self._completed_at, 4)
        self._completed_at = now

    def forget_plans(self) -> None:
        """Plan anew from now on, because the limits have changed."""
        self._plans.clear()

    def scale_of(self, register: Register) -> int | None:
        """Return the last scale factor of a register, None while unknown."""
        return None if register.scale_at is None else self._scales.get((register.table, register.scale_at))


def keys_of(register: Register) -> tuple[str, ...]:
    """Return the names under which a register's value is known: its path and aliases, or its variable."""
    names = (register.path,) if register.path is not None else ()
    variable = (register.variable,) if register.variable and register.path is None else ()
    return (*names, *register.aliases, *variable)
