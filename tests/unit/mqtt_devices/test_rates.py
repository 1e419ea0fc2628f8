from __future__ import annotations

from mqtt_devices.protocol.rates import MAX_LEVELS, LevelLimiter


def test_level_is_answered_once_a_second_whatever_the_others_do() -> None:
    limiter = LevelLimiter()
    assert limiter.allows("a", 10.0)
    assert not limiter.allows("a", 10.9)
    assert limiter.allows("b", 10.9)
    assert limiter.allows("a", 11.0)


def test_levels_without_end_cost_bounded_memory() -> None:
    limiter = LevelLimiter()
    for number in range(3 * MAX_LEVELS):
        assert limiter.allows(str(number), 0.0)
    assert len(limiter._last) == MAX_LEVELS
