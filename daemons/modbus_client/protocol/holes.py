"""What a device's refusals and silences teach about how it may be read.

Exception 2 on a block: somewhere in it is an address that the device does not have. The block is split, first where
its widest gap is (a gap is the likeliest hole), else in the middle, and both halves are tried, until they work or one
register is left: that one is missing. What was learnt stays, so that a hole costs its exceptions once.

A block that times out although the device answered since is too long for it: the longest read is halved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from modbus_client.protocol.request import ILLEGAL_ADDRESS, ILLEGAL_VALUE

if TYPE_CHECKING:
    from modbus_client.protocol.plan import Block, Limits, Span
    from modbus_client.protocol.request import Table

SHORTEST_READ = 16
"""Reads are not shrunk below this: a device that cannot answer 16 registers has another trouble."""
TIMEOUTS_TO_SHRINK = 2
"""One lost reply is chance; two of the same block, with answers to others in between, are not."""


@dataclass(slots=True)
class Holes:
    """Changes `limits` by what one device answers. After a change the caller plans anew."""

    limits: Limits
    _timeouts: dict[tuple[Table, int, int], int] = field(default_factory=dict)
    _temporary: set[tuple[Table, int]] = field(default_factory=set)

    def refused(self, block: Block, code: int) -> bool:
        """Learn from an exception on a block; tell whether planning anew can help.

        Exception 3 is how some devices refuse a long read, so it splits as well.
        """
        if code not in {ILLEGAL_ADDRESS, ILLEGAL_VALUE}:
            return False
        spans = block.spans
        clusters = _clusters(spans)
        if len(clusters) > 1:
            self._split_at(block.read.table, clusters)
        else:
            self.limits.missing.update((spans[0].table, at) for at in range(spans[0].start, clusters[0][1]))
            # Splits of adjacent registers only served to find this one.
            self.limits.splits -= self._temporary
            self._temporary.clear()
        return True

    def timed_out(self, block: Block) -> None:
        """Count a silence on a block."""
        key = (block.read.table, block.read.at, block.read.count)
        self._timeouts[key] = self._timeouts.get(key, 0) + 1

    def answered(self, block: Block) -> bool:
        """Note a reply; tell whether the longest read was shrunk because a longer block keeps timing out."""
        self._timeouts.pop((block.read.table, block.read.at, block.read.count), None)
        longer = [key for key, count in self._timeouts.items() if count >= TIMEOUTS_TO_SHRINK]
        longer = [key for key in longer if key[2] > max(block.read.count, SHORTEST_READ)]
        if not longer:
            return False
        self.limits.max_count = max(SHORTEST_READ, min(key[2] for key in longer) // 2)
        self._timeouts.clear()
        return True

    def _split_at(self, table: Table, clusters: list[tuple[int, int]]) -> None:
        gaps = [(after[0] - before[1], after[0]) for before, after in pairwise(clusters)]
        widest, at = max(gaps)
        if widest == 0:
            at = clusters[len(clusters) // 2][0]
            self._temporary.add((table, at))
        self.limits.splits.add((table, at))


def _clusters(spans: list[Span]) -> list[tuple[int, int]]:
    """Return spans that overlap as one, in order: (start, stop)."""
    clusters: list[tuple[int, int]] = []
    for span in spans:
        if clusters and span.start < clusters[-1][1]:
            clusters[-1] = (clusters[-1][0], max(clusters[-1][1], span.stop))
        else:
            clusters.append((span.start, span.stop))
    return clusters
