from __future__ import annotations

from modbus_client.protocol.plan import Limits
from modbus_client.protocol.poll import Poll
from modbus_client.protocol.register import Register
from modbus_client.protocol.words import parse_type

U16 = parse_type("u16")
FAST = Register("/Ac/Power", 10, U16, age_s=1.0)
SLOW = Register("/Ac/Energy/Forward", 12, U16, age_s=4.0)
FAR = Register("/Ac/Frequency", 500, U16, age_s=4.0)


def _poll(*registers: Register) -> Poll:
    return Poll(registers, Limits(gap=7), now=100.0)


def _sweep(poll: Poll, now: float) -> list[tuple[int, int]]:
    """Answer everything that is due with zeros; return the reads."""
    reads = []
    while (taken := poll.take(now)) is not None:
        sweep, block = taken
        reads.append((block.read.at, block.read.count))
        poll.answered(sweep, block, (0,) * block.read.count, now)
    return reads


def test_everything_is_read_at_first_and_then_by_age() -> None:
    poll = _poll(FAST, SLOW, FAR)
    assert _sweep(poll, 100.0) == [(10, 3), (500, 1)]
    assert poll.due_at == 101.0
    assert _sweep(poll, 100.5) == []
    assert _sweep(poll, 101.0) == [(10, 1)]
    assert _sweep(poll, 104.0) == [(10, 3), (500, 1)]


def test_a_sweep_is_one_batch() -> None:
    poll = _poll(FAST, FAR)
    first = poll.take(100.0)
    assert first is not None
    assert poll.answered(*first, (7,), 100.0) is None
    second = poll.take(100.0)
    assert second is not None
    assert poll.answered(*second, (8,), 100.0) == {"/Ac/Power": 7, "/Ac/Frequency": 8}


def test_power_overtakes_a_long_sweep() -> None:
    slow = [Register(f"/R{n}", 1000 * n, U16, age_s=4.0) for n in range(1, 6)]
    poll = _poll(FAST, *slow)
    assert poll.is_fast(100.0)
    for _ in range(3):
        taken = poll.take(100.0)
        assert taken is not None
        poll.answered(*taken, (0,), 100.0)
    taken = poll.take(101.0)  # in the middle of the first sweep the fast class would be due, and waits for its own
    assert taken is not None
    assert taken[1].read.at == 3000
    poll.answered(*taken, (0,), 101.0)
    _sweep(poll, 101.0)
    _sweep(poll, 104.5)
    first = poll.take(108.6)
    assert first is not None
    assert first[1].read.at == 10


def test_fast_class_goes_before_what_is_left_of_a_slow_sweep() -> None:
    slow = [Register(f"/R{n}", 1000 * n, U16, age_s=4.0) for n in range(1, 6)]
    poll = Poll([FAST, *slow], Limits(gap=7), now=100.0)
    _sweep(poll, 100.0)
    _sweep(poll, 102.0)
    assert _sweep(poll, 103.0)
    taken = poll.take(104.1)
    assert taken is not None
    poll.answered(*taken, (0,), 104.1)
    assert poll.is_fast(104.1) is False


def test_scale_factor_of_another_read_counts_only_within_one_sweep() -> None:
    register = Register("/Ac/Power", 0, U16, scale_at=300, age_s=1.0)
    poll = _poll(register)
    value = poll.take(100.0)
    assert value is not None
    assert poll.answered(*value, (5,), 100.0) is None
    scale = poll.take(100.0)
    assert scale is not None
    assert poll.answered(*scale, (2,), 100.0) == {"/Ac/Power": 500.0}
    assert poll.scale_of(register) == 2


def test_aliases_get_the_value_too() -> None:
    poll = _poll(Register("/ChargingTime", 0, U16, aliases=("/Session/Time",)))
    taken = poll.take(100.0)
    assert taken is not None
    assert poll.answered(*taken, (60,), 100.0) == {"/ChargingTime": 60, "/Session/Time": 60}


def test_values_become_unknown_when_they_are_too_old() -> None:
    poll = _poll(FAST, SLOW)
    _sweep(poll, 100.0)
    assert poll.stale(104.9) == {}
    assert poll.stale(105.1) == {"/Ac/Power": None}
    assert poll.stale(106.0) == {}  # told once
    assert poll.stale(112.1) == {"/Ac/Energy/Forward": None}


def test_a_register_that_is_missing_is_unknown_and_not_asked_again() -> None:
    poll = _poll(FAST)
    taken = poll.take(100.0)
    assert taken is not None
    poll.limits.missing.add(("holding", 10))
    assert poll.replan(*taken, 100.0) == {"/Ac/Power": None}
    assert poll.take(101.0) is None


def test_a_write_makes_its_class_due() -> None:
    poll = _poll(SLOW)
    _sweep(poll, 100.0)
    poll.hurry("/Ac/Energy/Forward", 100.2)
    assert _sweep(poll, 100.2) == [(12, 1)]


def test_what_was_read_before_a_write_in_the_middle_of_a_sweep_is_not_told_after_it() -> None:
    poll = _poll(SLOW, FAR)
    first = poll.take(100.0)
    assert first is not None
    assert poll.answered(*first, (7,), 100.0) is None
    poll.hurry("/Ac/Energy/Forward", 100.2)
    second = poll.take(100.2)
    assert second is not None
    assert poll.answered(*second, (8,), 100.2) == {"/Ac/Frequency": 8}
    assert _sweep(poll, 100.2) == [(12, 1), (500, 1)]


def test_a_floor_bounds_continuous_polling() -> None:
    poll = Poll([Register("/A", 0, U16, age_s=0.0)], Limits(gap=7), now=0.0, floor_s=0.02)
    assert _sweep(poll, 0.0) == [(0, 1)]
    assert _sweep(poll, 0.01) == []
    assert _sweep(poll, 0.02) == [(0, 1)]
    assert poll.refresh_s == 0.02
