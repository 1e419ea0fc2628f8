"""Which registers are read together.

A transaction costs bytes whatever it carries, so reading a gap of a few unwanted registers is cheaper than a second
transaction. The overheads below count the request and the frames around both directions; a gap is worth reading while
its bytes are at most half of one transaction's overhead, rounded up to whole registers.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modbus_client.protocol.request import MAX_READ, Read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modbus_client.protocol.register import Register
    from modbus_client.protocol.request import Table

_PDU_BYTES = 5 + 2  # a read request, and what precedes the registers in its reply
_FRAME_BYTES = {
    "tcp": 2 * (20 + 7),  # TCP header and MBAP header, both ways
    "udp": 2 * (8 + 7),
    "rtu": 2 * (1 + 2),  # unit and checksum
    "rtutcp": 2 * (20 + 1 + 2),
    "ascii": 0,
}


def gap_for(method: str) -> int:
    """Return how many unwanted registers between two wanted ones are cheaper than a second read."""
    return (_PDU_BYTES + _FRAME_BYTES[method] + 1) // 2


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Registers that must come in one read, `stop` excluded."""

    table: Table
    start: int
    stop: int


@dataclass(slots=True)
class Limits:
    """What a device allows in one read; the last three are learnt from its answers."""

    gap: int
    max_count: int = MAX_READ
    barriers: tuple[int, ...] = ()  # sorted; a read never spans them
    splits: set[tuple[Table, int]] = field(default_factory=set)  # a read that crossed one of these was refused
    missing: set[tuple[Table, int]] = field(default_factory=set)  # addresses that the device does not have

    def may_join(self, table: Table, start: int, stop: int, after: Span) -> bool:
        """Tell whether a read of start..stop may go on to `after`, which does not start before it."""
        end = max(stop, after.stop)
        if end - start > self.max_count:
            return False
        if after.start < stop:
            return True  # overlapping: nothing lies between
        if after.start - stop > self.gap:
            return False
        place = bisect_left(self.barriers, stop)
        if place < len(self.barriers) and self.barriers[place] <= after.start:
            return False
        between = range(stop, after.start)
        if any((table, at) in self.splits for at in range(stop, after.start + 1)):
            return False
        return not any((table, at) in self.missing for at in between)


@dataclass(frozen=True, slots=True)
class Block:
    """One read, and the registers that it was planned for."""

    read: Read
    registers: tuple[Register, ...]

    @property
    def spans(self) -> list[Span]:
        """The wanted spans inside this block, sorted and without duplicates."""
        stop = self.read.at + self.read.count
        spans = {span for register in self.registers for span in spans_of(register)}
        return sorted(s for s in spans if s.table == self.read.table and self.read.at <= s.start and s.stop <= stop)


def spans_of(register: Register) -> list[Span]:
    """Return what has to be read for a register: itself, and its scale factor."""
    spans = [Span(register.table, register.at, register.at + register.count)]
    if register.scale_at is not None:
        spans.append(Span(register.table, register.scale_at, register.scale_at + 1))
    return spans


def merge(spans: Iterable[Span], limits: Limits) -> list[Span]:
    """Return the fewest reads that cover `spans` within `limits`, in the order of their addresses.

    Going on with a read for as long as the limits allow is optimal: a read that stops earlier can only start the next
    one earlier. Each table is merged for itself.
    """
    reads: list[Span] = []
    for span in sorted(set(spans)):
        last = reads[-1] if reads else None
        if last and last.table == span.table and limits.may_join(span.table, last.start, last.stop, span):
            reads[-1] = Span(span.table, last.start, max(last.stop, span.stop))
        else:
            reads.append(span)
    return reads


def plan(registers: Iterable[Register], limits: Limits) -> list[Block]:
    """Return the reads for `registers`, most urgent first. Left out is what the device does not have, or does not tell.

    A register whose scale factor ended up in another read is listed in both: it is decoded when the later one comes.
    """
    wanted = [r for r in registers if not r.write_only and not any(_is_missing(span, limits) for span in spans_of(r))]
    of_register = [(register, spans_of(register)) for register in wanted]
    blocks = []
    for read in merge((span for _, spans in of_register for span in spans), limits):
        inside = tuple(r for r, spans in of_register if any(_holds(read, span) for span in spans))
        blocks.append(Block(_read(read), inside))
    return sorted(blocks, key=lambda block: min(register.age_s for register in block.registers))


def _holds(read: Span, span: Span) -> bool:
    return read.table == span.table and read.start <= span.start and span.stop <= read.stop


def _is_missing(span: Span, limits: Limits) -> bool:
    return any((span.table, at) in limits.missing for at in range(span.start, span.stop))


def _read(span: Span) -> Read:
    return Read(span.table, span.start, span.stop - span.start)
