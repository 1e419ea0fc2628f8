from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mqtt_devices.protocol.effects import ServiceKey
from mqtt_devices.protocol.freshness import Freshness

A, B = ServiceKey("a", "t"), ServiceKey("b", "t")


def test_service_expires_once_when_it_was_silent_for_its_timeout() -> None:
    freshness = Freshness()
    freshness.watch(A, 30.0, 100.0)
    assert freshness.deadline == 130.0
    assert freshness.expire(129.9) == []
    assert freshness.expire(130.0) == [A]
    assert freshness.is_stale(A)
    assert freshness.expire(999.0) == []
    assert freshness.deadline is None


def test_value_moves_the_deadline_on() -> None:
    freshness = Freshness()
    freshness.watch(A, 30.0, 100.0)
    assert not freshness.touch(A, 120.0)
    assert freshness.expire(130.0) == []
    assert freshness.deadline == 150.0


def test_value_after_the_timeout_revives_and_the_clock_runs_again() -> None:
    freshness = Freshness()
    freshness.watch(A, 30.0, 100.0)
    freshness.expire(130.0)
    assert freshness.touch(A, 200.0)
    assert not freshness.touch(A, 201.0)
    assert not freshness.is_stale(A)
    assert freshness.expire(231.0) == [A]


def test_timeout_of_zero_is_none_and_forgotten_services_are_silent() -> None:
    freshness = Freshness()
    freshness.watch(A, 0.0, 100.0)
    freshness.watch(B, 5.0, 100.0)
    freshness.forget(B)
    assert freshness.deadline is None
    assert not freshness.touch(B, 101.0)
    assert not freshness.is_stale(B)


def test_watching_anew_replaces_the_former_clock() -> None:
    freshness = Freshness()
    freshness.watch(A, 5.0, 100.0)
    freshness.watch(A, 50.0, 100.0)
    assert freshness.expire(149.0) == []
    assert freshness.expire(150.0) == [A]


@given(
    st.lists(
        st.tuples(st.sampled_from(("watch", "touch", "forget", "expire")), st.sampled_from((A, B)), st.integers(0, 9))
    )
)
def test_freshness_agrees_with_a_plain_model(steps: list[tuple[str, ServiceKey, int]]) -> None:
    freshness, now = Freshness(), 0.0
    heard: dict[ServiceKey, tuple[float, float]] = {}
    stale: set[ServiceKey] = set()
    for action, key, number in steps:
        now += number
        if action == "watch":
            freshness.watch(key, number, now)
            heard.pop(key, None)
            stale.discard(key)
            if number:
                heard[key] = (now, number)
        elif action == "touch":
            assert freshness.touch(key, now) == (key in stale)
            stale.discard(key)
            if key in heard:
                heard[key] = (now, heard[key][1])
        elif action == "forget":
            freshness.forget(key)
            heard.pop(key, None)
            stale.discard(key)
        else:
            due = {name for name, (at, timeout) in heard.items() if at + timeout <= now} - stale
            assert set(freshness.expire(now)) == due
            stale |= due
        assert {name for name in (A, B) if freshness.is_stale(name)} == stale
