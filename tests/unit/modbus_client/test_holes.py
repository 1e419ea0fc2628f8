from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modbus_client.protocol.holes import SHORTEST_READ, Holes
from modbus_client.protocol.plan import Limits, plan
from modbus_client.protocol.register import Register
from modbus_client.protocol.steps import read_registers
from modbus_client.protocol.words import parse_type
from simulators.modbus.image import Image
from tests.unit.modbus_client.conversation import converse

U16 = parse_type("u16")


def _registers(addresses: list[int]) -> list[Register]:
    return [Register(f"/R{at}", at, U16) for at in addresses]


def _device(addresses: set[int]) -> Image:
    return Image({("h", at): at + 1 for at in addresses})


@given(
    st.sets(st.integers(0, 60), min_size=1, max_size=25), st.sets(st.integers(0, 60), max_size=8), st.integers(0, 31)
)
def test_everything_that_exists_is_read_whatever_is_missing(wanted: set[int], absent: set[int], gap: int) -> None:
    """Gaps exist or not, wanted registers exist or not: what the device has is found, the rest has no value."""
    device = _device(wanted - absent)
    found = converse(read_registers(_registers(sorted(wanted)), Limits(gap)), device)
    values = {value.register.at: value.value for value in found}
    assert values == {at: None if at in absent else at + 1 for at in wanted}


def test_holes_are_remembered() -> None:
    limits = Limits(gap=31)
    registers = _registers([0, 1, 10, 11, 30])
    device = _device({0, 1, 10, 11, 30})
    converse(read_registers(registers, limits), device)
    again: list[object] = []
    converse(read_registers(registers, limits), device, again)  # type: ignore[arg-type] # any request
    assert len(again) == 3  # no exception is asked for a second time


def test_one_missing_register_does_not_split_its_neighbours_for_ever() -> None:
    limits = Limits(gap=0)
    registers = _registers(list(range(20)))
    converse(read_registers(registers, limits), _device(set(range(20)) - {7}))
    assert [(b.read.at, b.read.count) for b in plan(registers, limits)] == [(0, 7), (8, 12)]


def test_a_block_that_times_out_while_shorter_ones_are_answered_is_shrunk() -> None:
    limits = Limits(gap=31)
    holes = Holes(limits)
    long, short = plan(_registers(list(range(100))), limits)[0], plan(_registers([200]), limits)[0]
    holes.timed_out(long)
    assert not holes.answered(short)
    holes.timed_out(long)
    assert holes.answered(short)
    assert limits.max_count == 50


def test_a_silent_device_is_not_shrunk() -> None:
    limits = Limits(gap=31)
    holes = Holes(limits)
    block = plan(_registers(list(range(100))), limits)[0]
    for _ in range(9):
        holes.timed_out(block)
    assert not holes.answered(block)
    assert limits.max_count == 125


def test_reads_are_not_shrunk_without_end() -> None:
    limits = Limits(gap=31)
    holes = Holes(limits)
    long, short = plan(_registers(list(range(SHORTEST_READ))), limits)[0], plan(_registers([200]), limits)[0]
    holes.timed_out(long)
    holes.timed_out(long)
    assert not holes.answered(short)


def test_other_exceptions_teach_nothing() -> None:
    limits = Limits(gap=31)
    block = plan(_registers([0, 1]), limits)[0]
    assert not Holes(limits).refused(block, 4)
    assert not limits.missing
    assert not limits.splits
