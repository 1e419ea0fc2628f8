from __future__ import annotations

from mqtt_devices.protocol.rates import MAX_LEVELS, REPEAT_PERIOD_S, LevelLimiter, LogPace


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


def test_complaint_that_repeats_is_logged_once_and_then_once_a_minute_with_a_count() -> None:
    pace = LogPace()
    assert [pace.due(("a", "not_yours"), now) for now in (0.0, 1.0, 2.0, REPEAT_PERIOD_S - 0.1)] == [1, 0, 0, 0]
    assert pace.due(("a", "not_yours"), REPEAT_PERIOD_S) == 4
    assert pace.due(("a", "not_yours"), REPEAT_PERIOD_S + 1.0) == 0


def test_other_device_or_reason_has_a_line_of_its_own() -> None:
    pace = LogPace()
    kinds = [("a", "not_yours"), ("b", "not_yours"), ("a", "not_json")]
    assert [pace.due(kind, 0.0) for kind in kinds] == [1, 1, 1]


def test_kinds_of_complaints_without_end_cost_bounded_memory() -> None:
    pace = LogPace()
    for number in range(3 * MAX_LEVELS):
        assert pace.due((str(number), "not_json"), 0.0) == 1
    assert len(pace._lines) == MAX_LEVELS
