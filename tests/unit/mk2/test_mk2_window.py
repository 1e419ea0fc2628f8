from __future__ import annotations

from mk2.foreign import LIMIT, PERIOD_S, ForeignTraffic
from mk2.slots import QUARANTINE_S, Slots
from mk2.statistics import Statistics
from mk2.window import GROW_AFTER, Window


def test_window_falls_to_one_at_once_and_grows_back_slowly_to_its_limit() -> None:
    window = Window(3)
    window.fail()
    assert window.size == 1
    for expected in (2, 3, 3):
        for _ in range(GROW_AFTER):
            window.succeed()
        assert window.size == expected


def test_trouble_starts_the_count_anew() -> None:
    window = Window(2)
    window.fail()
    for _ in range(GROW_AFTER - 1):
        window.succeed()
    window.fail()
    window.succeed()
    assert window.size == 1


def test_new_limit_counts_at_once() -> None:
    window = Window(1)
    window.set_limit(3)
    assert window.size == 3


def test_slot_of_an_unanswered_request_rests() -> None:
    slots = Slots()
    slots.rest("X", 10.0)
    assert slots.free([], 10.0) == "Y"
    assert slots.free(["Y", "Z"], 10.0) is None
    assert slots.next_free_at(10.0) == 10.0 + QUARANTINE_S
    assert slots.free(["Y", "Z"], 10.0 + QUARANTINE_S) == "X"
    assert slots.next_free_at(10.0 + QUARANTINE_S) is None


def test_late_answer_ends_the_rest() -> None:
    slots = Slots()
    slots.rest("X", 10.0)
    assert slots.is_resting("X", 10.5)
    slots.wake("X")
    assert slots.free([], 10.5) == "X"


def test_foreign_traffic_is_proven_once_by_several_replies_in_a_short_time() -> None:
    foreign = ForeignTraffic()
    assert [foreign.note(float(second)) for second in range(LIMIT + 1)] == [False] * (LIMIT - 1) + [True, False]
    assert foreign.is_seen(LIMIT + 1.0)
    assert not foreign.is_seen(LIMIT + PERIOD_S + 1)


def test_rare_stray_replies_prove_nothing() -> None:
    foreign = ForeignTraffic()
    assert not any(foreign.note(index * PERIOD_S) for index in range(20))


def test_latencies_fall_into_classes() -> None:
    statistics = Statistics()
    for seconds in (0.01, 0.12, 0.13, 7.0):
        statistics.count_latency(seconds)
    latency = statistics.as_dict()["latency"]
    assert (latency["<=25 ms"], latency["<=150 ms"], latency["more"]) == (1, 2, 1)
    assert statistics.as_dict()["timeouts"] == 0
