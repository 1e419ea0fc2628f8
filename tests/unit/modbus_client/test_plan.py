from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modbus_client.protocol.plan import Limits, Span, gap_for, merge, plan
from modbus_client.protocol.register import Register
from modbus_client.protocol.words import parse_type

tables = st.sampled_from(["holding", "input"])
spans = st.builds(
    lambda table, start, size: Span(table, start, start + size), tables, st.integers(0, 400), st.integers(1, 4)
)
limits = st.builds(
    lambda gap, size, barriers: Limits(gap, size, tuple(sorted(barriers))),
    st.integers(0, 40), st.integers(4, 125), st.sets(st.integers(0, 400), max_size=4),
)  # fmt: skip


def fewest_reads(wanted: list[Span], rule: Limits) -> int:
    """Count the reads of the best packing by trying every way to cut the sorted spans of one table."""
    best = [0] + [len(wanted) + 1] * len(wanted)
    for end in range(1, len(wanted) + 1):
        for begin in range(end):
            start, stop = wanted[begin].start, wanted[begin].stop
            joined = stop - start <= rule.max_count
            for span in wanted[begin + 1 : end]:
                joined = joined and rule.may_join(span.table, start, stop, span)
                stop = max(stop, span.stop)
            if joined:
                best[end] = min(best[end], best[begin] + 1)
    return best[-1]


@pytest.mark.parametrize(("method", "gap"), [("tcp", 31), ("udp", 19), ("rtu", 7), ("ascii", 4)])
def test_gap_is_half_of_a_transactions_overhead(method: str, gap: int) -> None:
    assert gap_for(method) == gap


@given(st.lists(spans, max_size=30), limits)
@example([Span("holding", 0, 1), Span("holding", 1, 2), Span("holding", 1, 5)], Limits(0, 4))
def test_every_span_lies_in_a_read_and_no_read_in_another(wanted: list[Span], rule: Limits) -> None:
    reads = merge(wanted, rule)
    for span in wanted:
        assert any(_holds(read, span) for read in reads)
    for read in reads:
        assert [other for other in reads if _holds(other, read)] == [read]


def _holds(read: Span, span: Span) -> bool:
    return read.table == span.table and read.start <= span.start and span.stop <= read.stop


@given(st.lists(spans, max_size=30), limits)
def test_no_read_is_too_long_or_crosses_a_barrier_between_registers(wanted: list[Span], rule: Limits) -> None:
    for read in merge(wanted, rule):
        assert read.stop - read.start <= max(rule.max_count, 4)
        inside = sorted(s for s in wanted if s.table == read.table and read.start <= s.start and s.stop <= read.stop)
        reached = inside[0].stop
        for span in inside[1:]:
            assert span.start <= reached + rule.gap
            if span.start >= reached:
                assert not any(reached <= barrier <= span.start for barrier in rule.barriers)
            reached = max(reached, span.stop)


@given(st.lists(spans, min_size=1, max_size=9), limits)
def test_there_is_no_packing_with_fewer_reads(wanted: list[Span], rule: Limits) -> None:
    for table in ("holding", "input"):
        own = sorted({span for span in wanted if span.table == table})
        assert len([r for r in merge(own, rule) if r.table == table]) == fewest_reads(own, rule)


def test_tables_are_not_mixed_after_a_split() -> None:
    """The stock driver reads later blocks of a second table from the first one."""
    places = [("holding", 3), ("holding", 122), ("input", 0), ("input", 35), ("holding", 3000)]
    registers = [Register(f"/R{n}", at, parse_type("u16"), table) for n, (table, at) in enumerate(places)]  # type: ignore[arg-type] # literals
    blocks = plan(registers, Limits(gap=7))
    for block in blocks:
        assert {register.table for register in block.registers} == {block.read.table}
    assert sum(len(block.registers) for block in blocks) == len(places)


def test_fast_registers_are_read_first() -> None:
    slow = Register("/Ac/Energy/Forward", 0, parse_type("u32"), age_s=4.0)
    fast = Register("/Ac/Power", 300, parse_type("u32"), age_s=1.0)
    assert [block.read.at for block in plan([slow, fast], Limits(gap=7))] == [300, 0]


def test_a_register_and_its_scale_factor_are_both_read() -> None:
    register = Register("/Ac/Power", 14, parse_type("s16"), scale_at=200)
    assert [block.read.at for block in plan([register], Limits(gap=7))] == [14, 200]


def test_what_the_device_does_not_have_is_left_out() -> None:
    rule = Limits(gap=7, missing={("holding", 5)})
    registers = [Register(f"/R{at}", at, parse_type("u16")) for at in (4, 5, 6)]
    assert [(b.read.at, b.read.count) for b in plan(registers, rule)] == [(4, 1), (6, 1)]
