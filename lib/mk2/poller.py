"""Keeps the wire busy: starts the jobs of a schedule as soon as there is room for them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mk2.errors import NoReply, Refused
from mk2.pending import Kind

if TYPE_CHECKING:
    from mk2.connection import VEBusConnection
    from mk2.schedule import Job, Schedule

log = logging.getLogger(__name__)

HELD_S = 0.02
"""Pause before looking whether a change that holds polling back has been made; a byte or five."""


class Poller:
    """Runs a schedule on a connection.

    Attributes:
        failures: failures in a row, by the name of the job.
    """

    def __init__(self, connection: VEBusConnection, schedule: Schedule) -> None:
        self.schedule = schedule
        self.failures: dict[str, int] = {}
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._flying = dict.fromkeys(Kind, 0)
        self._group: asyncio.TaskGroup | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Poll until cancelled.

        Raises:
            ExceptionGroup: with `LinkLost` when the line ends.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                self._fill()
                await self._loop.create_future()
            finally:
                self._group = None
                if self._timer is not None:
                    self._timer.cancel()

    def _fill(self) -> None:
        if self._group is None or self._connection.is_lost:
            return
        now = self._loop.time()
        if self._connection.ledger.is_held:
            self._come_back(HELD_S)
            return
        for kind, window in self._connection.ledger.windows.items():
            while self._flying[kind] < window.size:
                job = self.schedule.next_job(kind, now)
                if job is None:
                    break
                self._flying[kind] += 1
                self._group.create_task(self._do(job), name=f"mk2 {job.name}")
        self._come_back(self.schedule.wait_s(now))

    def _come_back(self, wait_s: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if wait_s is None else self._loop.call_later(wait_s, self._fill)

    async def _do(self, job: Job) -> None:
        is_refused = False
        try:
            await job.run()
            self.failures[job.name] = 0
        except (NoReply, Refused) as error:
            self.failures[job.name] = self.failures.get(job.name, 0) + 1
            is_refused = isinstance(error, Refused)
            log.debug("%s: %s", job.name, error)
        finally:
            self._flying[job.kind] -= 1
            self.schedule.finish(job, self._loop.time(), is_refused=is_refused)
        self._fill()
