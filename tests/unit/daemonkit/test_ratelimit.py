from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemonkit import ratelimit
from daemonkit.ratelimit import Limiter, LogOnce


def test_limiter_lets_one_per_second_through_and_counts_the_rest() -> None:
    limiter = Limiter(per_s=1)
    assert [limiter.allow(now) for now in (10.0, 10.2, 10.9)] == [True, False, False]
    assert limiter.refused == 2
    assert limiter.allow(11.0)
    assert limiter.refused == 0


def test_limiter_allows_a_burst_after_silence_but_no_more() -> None:
    limiter = Limiter(per_s=2, burst=3)
    assert [limiter.allow(0.0) for _ in range(4)] == [True, True, True, False]
    assert [limiter.allow(1000.0) for _ in range(4)] == [True, True, True, False]


@given(st.floats(0.1, 100), st.integers(1, 10), st.lists(st.floats(0, 5), max_size=100))
def test_limiter_never_exceeds_rate_times_time_plus_burst(per_s: float, burst: int, gaps: list[float]) -> None:
    limiter = Limiter(per_s, burst)
    now, passed = 0.0, 0
    for gap in gaps:
        now += gap
        passed += limiter.allow(now)
    assert passed <= now * per_s + burst + 1e-6


def test_limiter_survives_a_clock_that_goes_back() -> None:
    limiter = Limiter(per_s=1)
    assert limiter.allow(100.0)
    assert not limiter.allow(50.0)
    assert limiter.allow(51.0)


@pytest.mark.parametrize(("per_s", "burst"), [(0, 1), (1, 0)])
def test_limiter_refuses_senseless_numbers(per_s: float, burst: float) -> None:
    with pytest.raises(ValueError, match="per_s > 0 and burst >= 1"):
        Limiter(per_s, burst)


def test_log_once_keeps_things_apart() -> None:
    once = LogOnce()
    assert once.broke("a")
    assert once.broke("b")
    assert not once.broke("a")
    assert once.mended("a")
    assert not once.mended("a")
    assert not once.broke("b")


def test_log_once_forgets_the_oldest_beyond_its_limit() -> None:
    once = LogOnce(limit=2)
    assert [once.broke(key) for key in ("a", "b", "c")] == [True, True, True]
    assert not once.mended("a")
    assert once.mended("c")


def test_examples_of_the_documentation() -> None:
    assert doctest.testmod(ratelimit).failed == 0
