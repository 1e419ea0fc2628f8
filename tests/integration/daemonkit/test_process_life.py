"""Real processes: how a daemon starts, stops, fails, hangs and holds back."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.peers.missing_stdlib import gx_environment, gx_module_command
from tests.peers.process import Peer

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = Path(__file__).with_name("daemon_under_test.py")
PATIENCE_S = 60.0


class Daemon(Peer):
    def __init__(self, root: Path, *arguments: str) -> None:
        self.root = root
        env = gx_environment(VENUS_DAEMONS_DATA=f"{root}/data", VENUS_DAEMONS_RUN=f"{root}/run")
        super().__init__("guinea-pig", [sys.executable, str(PROGRAM), *arguments], env=env)

    @property
    def status(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.root / "run" / "guinea-pig.json").read_text())
        return content

    @property
    def lines(self) -> list[str]:
        return self.output.splitlines()


Start = "Callable[..., Daemon]"


@pytest.fixture
def start(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Daemon]:
    def start_daemon(*arguments: str) -> Daemon:
        daemon = Daemon(tmp_path, *arguments)
        request.addfinalizer(daemon.close)
        daemon.start()
        return daemon

    return start_daemon


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stop_signal_cleans_up_and_exits_zero(start: Callable[..., Daemon], number: signal.Signals) -> None:
    daemon = start()
    daemon.wait_output("serving")
    daemon.send(number)
    assert daemon.wait(PATIENCE_S) == 0
    assert f"INFO:daemonkit.stopping:stopping: {number.name}" in daemon.lines
    assert daemon.lines[-2:] == ["cleaned up", "INFO:daemonkit.daemon:stopped"]
    assert daemon.status["state"] == "stopped"
    assert not (daemon.root / "run" / "guinea-pig.restarts").exists()


def test_status_shows_what_runs(start: Callable[..., Daemon], tmp_path: Path) -> None:
    config = tmp_path / "data" / "conf" / "venus-daemons"
    config.mkdir(parents=True)
    (config / "guinea-pig.yml").write_text("broker: here\n")
    daemon = start()
    daemon.wait_output("serving")
    daemon.send(signal.SIGTERM)
    daemon.wait(PATIENCE_S)
    status = daemon.status
    assert status["daemon"] == "guinea-pig"
    assert status["version"] == (PROGRAM.parents[3] / "version").read_text().strip()
    assert status["configured"] == {"broker": "here"}
    assert status["exit_code"] == 0


@pytest.mark.parametrize("behaviour", ["stubborn", "deadlock_when_cancelled"])
def test_daemon_that_does_not_stop_is_ended_with_its_stacks(start: Callable[..., Daemon], behaviour: str) -> None:
    daemon = start(behaviour, "--stop-limit", "1")
    daemon.wait_output("serving")
    daemon.send(signal.SIGTERM)
    assert daemon.wait(PATIENCE_S) == 1
    assert f"in {behaviour}" in daemon.output or f" {behaviour}: " in daemon.output
    assert "Timeout (0:00:01)!" in daemon.output
    if behaviour == "stubborn":
        assert "not stopped 0.5 s after SIGTERM: stacks of all threads and tasks follow" in daemon.output


@pytest.mark.parametrize("behaviour", ["block", "spin"])
def test_stalled_loop_is_dumped_and_ended(start: Callable[..., Daemon], behaviour: str) -> None:
    daemon = start(behaviour, "--limit", "0.5")
    assert daemon.wait(PATIENCE_S) == 1
    assert "WARNING:daemonkit.stacks:the event loop stood still for 1 s, ending" in daemon.output
    assert f" {behaviour}: " in daemon.output


def test_paused_process_is_not_taken_for_a_stalled_one(start: Callable[..., Daemon]) -> None:
    daemon = start("pause", "--limit", "2")
    daemon.wait_until(lambda: stopped(daemon.pid), "to be paused")
    time.sleep(3)  # the alarm is due while it is paused
    daemon.send(signal.SIGCONT)
    daemon.wait_output("serving")
    time.sleep(3)  # beyond the grace
    daemon.send(signal.SIGTERM)
    assert daemon.wait(PATIENCE_S) == 0


def stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def test_sigusr1_shows_all_tasks_and_goes_on(start: Callable[..., Daemon]) -> None:
    daemon = start()
    daemon.wait_output("serving")
    daemon.send(signal.SIGUSR1)
    daemon.wait_output("serve: await asyncio.Event().wait()")
    assert "WARNING:daemonkit.stacks:SIGUSR1: stacks of all threads and tasks follow" in daemon.lines
    assert "WARNING:daemonkit.stacks:thread MainThread" in daemon.lines
    daemon.send(signal.SIGTERM)
    assert daemon.wait(PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("behaviour", "code", "expected", "has_traceback"),
    [
        ("bug", 1, "CRITICAL:daemonkit.daemon:ends because of a bug", True),
        ("bug_in_group", 1, "ZeroDivisionError: of a device", True),
        ("exhaust_memory", 1, "MemoryError", True),
        ("lose_bus", 1, "ERROR:daemonkit.daemon:BusGone: connection closed", False),
        ("bad_definition", 2, "ERROR:daemonkit.daemon:DefinitionError: services.yml:12: type: is unknown", False),
        ("cancel_itself", 1, "CRITICAL:daemonkit.daemon:guinea-pig cancelled itself", False),
        ("end", 0, "WARNING:daemonkit.daemon:guinea-pig has ended by itself", False),
        ("leave_task", 1, "lingering task ended", False),
    ],
)
def test_failing_run_says_why_and_holds_back(
    start: Callable[..., Daemon], behaviour: str, code: int, expected: str, *, has_traceback: bool
) -> None:
    begun = time.monotonic()
    daemon = start(behaviour)
    assert daemon.wait(PATIENCE_S) == code
    assert time.monotonic() - begun >= 1.0
    assert expected in daemon.output
    assert ("Traceback" in daemon.output) == has_traceback
    assert daemon.lines[-1] == "INFO:daemonkit.daemon:exit in 1 s"


def test_stop_ends_the_wait_of_a_failing_run(start: Callable[..., Daemon], tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "guinea-pig.restarts").write_text('{"failures": 6, "waited": true}')
    daemon = start("bug")
    daemon.wait_output("exit in 60 s")
    begun = time.monotonic()
    daemon.send(signal.SIGTERM)
    assert daemon.wait(PATIENCE_S) == 1
    assert time.monotonic() - begun < 40.0


def test_second_failure_holds_back_longer(start: Callable[..., Daemon]) -> None:
    first = start("bug")
    assert first.wait(PATIENCE_S) == 1
    second = start("bug")
    second.wait_output("exit in 2 s")
    second.wait(PATIENCE_S)


def test_killed_run_delays_the_next_start(start: Callable[..., Daemon]) -> None:
    first = start()
    first.wait_output("serving")
    first.send(signal.SIGKILL)
    first.wait(PATIENCE_S)
    begun = time.monotonic()
    second = start()
    second.wait_output("serving")
    assert time.monotonic() - begun >= 1.0


def test_good_run_is_forgiven(start: Callable[..., Daemon]) -> None:
    first = start("--limit", "2")
    record = first.root / "run" / "guinea-pig.restarts"
    first.wait_output("serving")
    first.wait_until(lambda: not record.exists(), "for the record to be removed")
    first.kill()


def test_second_copy_names_the_first_and_leaves_it_alone(start: Callable[..., Daemon]) -> None:
    first = start()
    first.wait_output("serving")
    second = start()
    second.wait_output(f"ERROR:daemonkit.daemon:already running with pid {first.pid}")
    second.send(signal.SIGTERM)
    assert second.wait(PATIENCE_S) == 1
    first.send(signal.SIGTERM)
    assert first.wait(PATIENCE_S) == 0


def test_wrong_configuration_ends_with_two_and_its_place(start: Callable[..., Daemon], tmp_path: Path) -> None:
    (tmp_path / "guinea-pig.yml").write_text("a: 1\na: 2\n")
    daemon = start("--config", str(tmp_path))
    assert daemon.wait(PATIENCE_S) == 2
    assert f"ERROR:daemonkit.daemon:{tmp_path}/guinea-pig.yml:2: a: is given twice" in daemon.output
    assert daemon.lines[-1] == "INFO:daemonkit.daemon:exit in 1 s"


def test_wrong_arguments_end_with_two_and_hold_back(start: Callable[..., Daemon]) -> None:
    begun = time.monotonic()
    daemon = start("--no-such-option")
    assert daemon.wait(PATIENCE_S) == 2
    assert time.monotonic() - begun >= 1.0
    assert "unrecognized arguments: --no-such-option" in daemon.output


def test_check_reports_and_needs_no_run_directory(start: Callable[..., Daemon], tmp_path: Path) -> None:
    good = tmp_path / "good.yml"
    good.write_text("a: 1\nb: 2\n")
    daemon = start("--check", str(good))
    assert daemon.wait(PATIENCE_S) == 0
    assert daemon.lines == [f"{good}: 2 keys"]
    assert not (tmp_path / "run").exists()


def test_check_of_a_bad_file_ends_with_two_at_once(start: Callable[..., Daemon], tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text("a: [\n")
    daemon = start("--check", str(bad))
    assert daemon.wait(PATIENCE_S) == 2
    assert f"ERROR:daemonkit.daemon:{bad}:2: " in daemon.output
    assert "exit in" not in daemon.output


def test_version_is_printed(start: Callable[..., Daemon]) -> None:
    daemon = start("--version")
    assert daemon.wait(PATIENCE_S) == 0
    assert daemon.lines == ["guinea-pig " + (PROGRAM.parents[3] / "version").read_text().strip()]


def test_unusable_run_directory_is_explained(start: Callable[..., Daemon], tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    daemon = start()
    daemon.wait_output("exit in 60 s")  # its failures cannot be counted
    daemon.send(signal.SIGTERM)
    assert daemon.wait(PATIENCE_S) == 1
    assert "VENUS_DAEMONS_RUN names another run directory" in daemon.output


def test_daemon_lives_without_the_modules_that_a_gx_lacks(tmp_path: Path) -> None:
    env = gx_environment(VENUS_DAEMONS_DATA=f"{tmp_path}/data", VENUS_DAEMONS_RUN=f"{tmp_path}/run")
    env["PYTHONPATH"] += os.pathsep + str(PROGRAM.parent)
    with Peer("guinea-pig", gx_module_command("daemon_under_test"), env=env) as daemon:
        daemon.wait_output("serving")
        daemon.send(signal.SIGUSR1)
        daemon.wait_output("serve: await")
        daemon.send(signal.SIGTERM)
        assert daemon.wait(PATIENCE_S) == 0
