from __future__ import annotations

from mk2.pending import Kind
from mk2.schedule import Job, Schedule


async def nothing() -> None:
    return


def fast(name: str, kind: Kind = Kind.INFO) -> Job:
    return Job(name, kind, nothing)


def slow(name: str, period_s: float, kind: Kind = Kind.INFO) -> Job:
    return Job(name, kind, nothing, period_s)


def names(schedule: Schedule, kind: Kind, count: int, now: float = 0.0) -> list[str | None]:
    found: list[str | None] = []
    for _ in range(count):
        job = schedule.next_job(kind, now)
        found.append(None if job is None else job.name)
        if job is not None:
            schedule.finish(job, now)
    return found


def test_fast_jobs_take_turns() -> None:
    assert names(Schedule([fast("a"), fast("b")]), Kind.INFO, 4) == ["a", "b", "a", "b"]


def test_job_under_way_is_not_started_again() -> None:
    schedule = Schedule([fast("a")])
    assert schedule.next_job(Kind.INFO, 0) is not None
    assert schedule.next_job(Kind.INFO, 0) is None


def test_kind_with_room_to_spare_waits_for_the_round_of_the_others() -> None:
    schedule = Schedule([fast("a"), fast("b"), fast("w", Kind.WINMON)])
    assert names(schedule, Kind.WINMON, 2) == ["w", None]
    assert names(schedule, Kind.INFO, 2) == ["a", "b"]
    assert names(schedule, Kind.WINMON, 1) == ["w"]


def test_one_slow_job_per_round_the_longest_waiting_first() -> None:
    schedule = Schedule([fast("a"), slow("s", 1.0), slow("t", 1.0)])
    assert names(schedule, Kind.INFO, 5) == ["s", "a", "t", "a", "a"]
    assert names(schedule, Kind.INFO, 4, now=2.0) == ["s", "a", "t", "a"]


def test_slow_jobs_of_a_kind_without_fast_ones_need_no_round() -> None:
    schedule = Schedule([fast("a"), slow("h", 5.0, Kind.PLAIN)])
    assert names(schedule, Kind.PLAIN, 2) == ["h", None]
    assert schedule.wait_s(1.0) == 4.0
    assert names(schedule, Kind.PLAIN, 1, now=5.0) == ["h"]


def test_rounds_keep_their_distance_when_one_is_asked_for() -> None:
    schedule = Schedule([fast("a")], cycle_s=0.5)
    assert names(schedule, Kind.INFO, 2, now=10.0) == ["a", None]
    assert schedule.wait_s(10.25) == 0.25
    assert names(schedule, Kind.INFO, 1, now=10.5) == ["a"]


def test_without_distance_only_the_end_of_a_job_brings_something_new() -> None:
    assert Schedule([fast("a")]).wait_s(0.0) is None


def test_what_is_refused_time_and_again_is_asked_rarely_and_never_given_up() -> None:
    job = slow("unknown", 5.0, Kind.WINMON)
    schedule = Schedule([job])
    for now, is_refused, due in ((0, True, 5), (5, True, 10), (10, True, 70), (70, True, 130), (130, False, 135)):
        assert schedule.next_job(Kind.WINMON, now) is job
        schedule.finish(job, now, is_refused=is_refused)
        assert job.due_at == due
