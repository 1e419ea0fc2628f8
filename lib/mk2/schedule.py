"""What to ask next, so that the wire never idles and nothing gets old. Pure: time comes in, the next job comes out.

Jobs of the fast tier go round: none starts its next round before all have started this one, so that a kind of request
with room to spare does not take the wire from the others. After each round one job of the slow tier that is due may
slip in, so that a round is never late by more than one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from mk2.pending import Kind


PROOF = 3
"""Refusals in a row that prove that a device does not know a question."""

RARELY = 12
"""How much less often such a question is asked: a refusal also makes the connection doubt its window."""


@dataclass(eq=False, slots=True)
class Job:
    """Something to ask again and again. `period_s` is None for the fast tier; `refusals` counts those in a row."""

    name: str
    kind: Kind
    run: Callable[[], Awaitable[object]]
    period_s: float | None = None
    rounds: int = 0
    due_at: float = float("-inf")
    flying: bool = False
    refusals: int = 0


@dataclass(slots=True)
class Schedule:
    """The jobs of one system.

    Args:
        jobs: fast and slow ones.
        cycle_s: shortest time between the beginnings of two rounds; 0 for as fast as the wire allows.
    """

    jobs: Iterable[Job]
    cycle_s: float = 0.0
    rounds: int = 0
    _fast: list[Job] = field(init=False)
    _slow: list[Job] = field(init=False)
    _slow_turn: set[Kind] = field(init=False)
    _round_at: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        jobs = list(self.jobs)
        self._fast = [job for job in jobs if job.period_s is None]
        self._slow = [job for job in jobs if job.period_s is not None]
        self._slow_turn = {job.kind for job in jobs}

    def next_job(self, kind: Kind, now: float) -> Job | None:
        """Return the job of this kind to start now, marked as under way, or None."""
        job = self._due_slow(kind, now) if kind in self._slow_turn else None
        if job is not None:
            self._slow_turn.discard(kind)
        else:
            job = self._due_fast(kind, now) or self._due_slow(kind, now, alone=True)
        if job is not None:
            job.flying = True
        return job

    def finish(self, job: Job, now: float, *, is_refused: bool = False) -> None:
        """Note that a job has ended, well or not.

        What a device refuses time and again it does not know; it is asked rarely from then on, but never given up.
        """
        job.flying = False
        job.refusals = job.refusals + 1 if is_refused else 0
        if job.period_s is not None:
            job.due_at = now + job.period_s * (RARELY if job.refusals >= PROOF else 1)

    def wait_s(self, now: float) -> float | None:
        """Return how long nothing becomes due by itself, None when only the end of a job brings something new."""
        times = [job.due_at for job in self._slow if not job.flying]
        if self.cycle_s:
            times.append(self._round_at + self.cycle_s)
        later = [time - now for time in times if time > now]
        return min(later, default=None)

    def _due_slow(self, kind: Kind, now: float, *, alone: bool = False) -> Job | None:
        """Return the due slow job that can wait least; with `alone` only if no fast job shares its kind."""
        if alone and any(job.kind is kind for job in self._fast):
            return None
        due = [job for job in self._slow if job.kind is kind and not job.flying and job.due_at <= now]
        return min(due, key=lambda job: job.due_at + (job.period_s or 0.0), default=None)

    def _due_fast(self, kind: Kind, now: float) -> Job | None:
        behind = min((job.rounds for job in self._fast), default=0)
        ready = (job for job in self._fast if job.kind is kind and not job.flying and job.rounds == behind)
        job = next(ready, None)
        if job is None:
            return None
        if all(other.rounds == behind for other in self._fast):
            if now < self._round_at + self.cycle_s:
                return None
            self._round_at = now
            self.rounds += 1
            self._slow_turn.update(other.kind for other in self._slow)
        job.rounds += 1
        return job
