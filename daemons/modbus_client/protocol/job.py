"""What passes between a device and its line: jobs, priorities, and what is counted of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from modbus_client.protocol.request import Failure, Outcome, Reason, Request

if TYPE_CHECKING:
    from modbus_client.protocol.plan import Block
    from modbus_client.protocol.poll import Sweep
    from modbus_client.protocol.talk import Talk

WRITE, FAST, NORMAL, SEEK = range(4)
"""Priorities on the line, most urgent first."""


class State(Enum):
    """How far a device is known."""

    SEEKING = "seeking"
    KNOWN = "known"
    POLLING = "polling"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One request that a device wants made now."""

    request: Request
    timeout_s: float
    talk: Talk | None = None
    poll: tuple[Sweep, Block] | None = None


@dataclass(slots=True)
class Counters:
    """For diagnostics."""

    requests: int = 0
    timeouts: int = 0
    garbled: int = 0
    refused: int = 0
    last_error: str = ""

    def count(self, outcome: Outcome) -> None:
        """Take in the outcome of one request."""
        self.requests += 1
        if isinstance(outcome, Failure):
            self.last_error = str(outcome)
            self.timeouts += outcome.reason is Reason.TIMEOUT
            self.garbled += outcome.reason is Reason.GARBLED
            self.refused += outcome.reason is Reason.REFUSED
