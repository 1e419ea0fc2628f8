from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemonkit.backoff import Backoff


def test_delays_double_up_to_the_limit_and_begin_again_after_reset() -> None:
    backoff = Backoff(first_s=1, factor=2, limit_s=5)
    assert [backoff.next_delay() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.reset()
    assert backoff.next_delay() == 1


@given(st.floats(0.001, 10), st.floats(1, 10), st.floats(10, 1000), st.integers(1, 200))
def test_delays_never_shrink_nor_pass_the_limit(first: float, factor: float, limit: float, count: int) -> None:
    backoff = Backoff(first, factor, limit)
    delays = [backoff.next_delay() for _ in range(count)]
    assert delays == sorted(delays)
    assert delays[0] == first
    assert delays[-1] <= limit


@pytest.mark.parametrize(("first", "factor", "limit"), [(0, 2, 60), (5, 2, 1), (1, 0.5, 60)])
def test_senseless_numbers_are_refused(first: float, factor: float, limit: float) -> None:
    with pytest.raises(ValueError, match="needs 0 < first_s"):
        Backoff(first, factor, limit)
