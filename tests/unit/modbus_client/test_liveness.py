from __future__ import annotations

from modbus_client.protocol.liveness import MAX_RETRY_S, Liveness


def test_three_misses_and_the_silence_are_both_needed() -> None:
    liveness = Liveness(0.0)
    assert liveness.heard(0.0)
    assert not any(liveness.missed(now) for now in (1.0, 2.0, 3.0, 4.9))
    assert liveness.missed(5.0)
    slow = Liveness(0.0)
    slow.heard(0.0)
    assert [slow.missed(now) for now in (10.0, 20.0, 30.0)] == [False, False, True]


def test_the_pause_grows_to_its_limit_and_begins_anew() -> None:
    liveness = Liveness(0.0)
    pauses = []
    for _ in range(10):
        liveness.missed(0.0)
        pauses.append(liveness.retry_at)
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert pauses[-1] == MAX_RETRY_S
    liveness.heard(0.0)
    assert liveness.retry_at == 0.0


def test_silence_from_the_start_is_known_once() -> None:
    liveness = Liveness(0.0)
    assert [liveness.missed(float(now)) for now in range(6)] == [False, False, True, False, False, False]
    assert liveness.heard(7.0)
