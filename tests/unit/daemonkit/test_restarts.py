from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemonkit.restarts import DELAYS_S, RestartDelay

if TYPE_CHECKING:
    from pathlib import Path


def test_failing_starts_wait_longer_and_longer(tmp_path: Path) -> None:
    waits = []
    for _ in range(8):
        delay = RestartDelay(tmp_path / "x.restarts")  # a new process each time
        assert delay.begin() == 0
        waits.append(delay.failed())
    assert waits == [1, 2, 5, 10, 20, 60, 60, 60]


def test_run_that_ended_without_a_word_delays_the_next_start(tmp_path: Path) -> None:
    assert [RestartDelay(tmp_path / "x").begin() for _ in range(8)] == [0, 1, 2, 5, 10, 20, 60, 60]


def test_success_forgets_the_failures(tmp_path: Path) -> None:
    delay = RestartDelay(tmp_path / "x")
    for _ in range(4):
        delay.begin()
        delay.failed()
    delay.begin()
    delay.succeeded()
    assert delay.failed() == DELAYS_S[0]


def test_failure_before_any_run_counts(tmp_path: Path) -> None:
    assert [RestartDelay(tmp_path / "x").failed() for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"failures": "x", "waited": 1}', "\0"])
def test_damaged_record_means_no_failures(tmp_path: Path, content: str) -> None:
    (tmp_path / "x").write_text(content)
    assert RestartDelay(tmp_path / "x").begin() == 0


def test_failures_that_cannot_be_counted_wait_longest(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for _ in range(2):
        delay = RestartDelay(tmp_path / "file" / "x")
        assert delay.begin() == 0  # for a start that goes well
        assert delay.failed() == DELAYS_S[-1]
    delay.succeeded()
