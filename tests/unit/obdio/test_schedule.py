from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from obdio.schedule import MAX_COMMANDS, Schedule


def make() -> Schedule:
    return Schedule(lambda name: {"RPM": 0.5, "FUEL_LEVEL": 10.0}.get(name, 1.0))


def test_nothing_is_due_when_nobody_wants_anything() -> None:
    schedule = make()
    assert schedule.due(100.0) == []
    assert schedule.next_due() is None


def test_a_new_wish_is_due_at_once_and_then_at_its_rate() -> None:
    schedule = make()
    schedule.want("dashboard", "RPM", 0.0)
    assert schedule.due(0.0) == ["RPM"]
    schedule.asked(["RPM"], 0.1)
    assert schedule.due(0.5) == []
    assert schedule.next_due() == 0.6
    assert schedule.due(0.6) == ["RPM"]


def test_the_shortest_period_of_all_owners_counts() -> None:
    schedule = make()
    schedule.want("dbus", "FUEL_LEVEL", 0.0)
    schedule.asked(["FUEL_LEVEL"], 0.0)
    schedule.want("client", "FUEL_LEVEL", 1.0, period_s=2.0)
    assert schedule.next_due() == 2.0
    schedule.drop("client")
    assert schedule.period_s("FUEL_LEVEL") == 10.0
    schedule.drop("dbus", ["FUEL_LEVEL"])
    assert len(schedule) == 0


def test_dropping_what_was_never_wanted_is_harmless() -> None:
    schedule = make()
    schedule.want("a", "RPM", 0.0)
    schedule.drop("b")
    schedule.drop("a", ["SPEED"])
    assert schedule.names == ["RPM"]


def test_the_longest_waiting_comes_first() -> None:
    schedule = make()
    for at, name in enumerate(["C", "A", "B"]):
        schedule.want("x", name, float(at))
    assert schedule.due(10.0, limit=2) == ["C", "A"]


def test_wishes_are_limited() -> None:
    schedule = make()
    assert all(schedule.want("x", f"N{n}", 0.0) for n in range(MAX_COMMANDS))
    assert not schedule.want("x", "ONE_MORE", 0.0)
    assert schedule.want("y", "N0", 0.0)


@given(st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=6, unique=True), st.integers(1, 6))
def test_no_command_starves_however_fast_all_are_wanted(names: list[str], batch: int) -> None:
    schedule = Schedule(lambda _: 0.0)
    for name in names:
        schedule.want("x", name, 0.0)
    asked: list[str] = []
    for now in range(1, 13):
        due = schedule.due(float(now), batch)
        schedule.asked(due, float(now))
        asked += due
    counts = [asked.count(name) for name in names]
    assert max(counts) - min(counts) <= 1
