"""The doctor on what supervise, the daemons' own reports and their logs say; supervise is played by scripts."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from console.check_running import check_logs, check_others, check_supervision
from console.finding import Weight
from console.suite import Suite
from daemonkit.context import Paths

if TYPE_CHECKING:
    from pathlib import Path

    from console.finding import Finding

NAME = "modbus-client"


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    base = tmp_path / "data" / "drivers" / "venus-daemons-1"
    (base / "service" / NAME).mkdir(parents=True)
    (base / "service" / NAME / "run").touch()
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / NAME).symlink_to(base / "service" / NAME)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("svok", "exit 0"), ("svstat", 'echo "$1: up (pid 1) 90 seconds"')):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    places = {f"VENUS_DAEMONS_{name.upper()}": str(tmp_path / name) for name in ("data", "run", "log")}
    for name in ("run", "log"):
        (tmp_path / name).mkdir()
    return Suite(base=base, root=tmp_path, paths=Paths.find(places))


def bad(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.weight is not Weight.GOOD]


def test_daemon_that_is_up_has_no_finding(suite: Suite) -> None:
    assert not bad(list(check_supervision(suite)))


@pytest.mark.parametrize(("failures", "waited", "is_named"), [(2, True, False), (3, True, True), (9, False, True)])
def test_crash_loop_is_named(suite: Suite, failures: int, waited: bool, is_named: bool) -> None:  # noqa: FBT001 (a case)
    record = {"failures": failures, "waited": waited}
    (suite.paths.run / f"{NAME}.restarts").write_text(json.dumps(record))
    assert any("times in a row" in text for text in bad(list(check_supervision(suite)))) == is_named


def test_script_that_has_given_up_for_a_while_is_named(suite: Suite, tmp_path: Path) -> None:
    pause = subprocess.Popen(["/bin/sleep", "60"])
    try:
        (tmp_path / "bin" / "svstat").write_text(f'#!/bin/sh\necho "$1: up (pid {pause.pid}) 30 seconds"\n')
        assert bad(list(check_supervision(suite))) == [f"{NAME} cannot start; its script waits before it tries again"]
    finally:
        pause.kill()
        pause.wait()


def test_link_to_another_version_and_a_missing_one_are_named(suite: Suite, tmp_path: Path) -> None:
    link = suite.services / NAME
    link.unlink()
    assert bad(list(check_supervision(suite))) == [f"there is no {link}"]
    (tmp_path / "old").mkdir()
    link.symlink_to(tmp_path / "old")
    assert "another version" in bad(list(check_supervision(suite)))[0]


def test_service_that_nobody_supervises_is_named(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "bin" / "svok").write_text("#!/bin/sh\nexit 100\n")
    assert "nobody supervises" in bad(list(check_supervision(suite)))[0]


@pytest.mark.parametrize("name", ["dbus-mymodbus-client", "dbus-modbus-client"])
def test_fork_beside_ours_is_named_and_the_one_of_venus_is_not(suite: Suite, name: str) -> None:
    if name == "dbus-modbus-client":
        (suite.services / name).mkdir()
    else:
        fork = suite.paths.data / "fork"
        fork.mkdir()
        (suite.services / name).symlink_to(fork)
    assert bool(bad(list(check_others(suite)))) == (name != "dbus-modbus-client")


def test_complaints_of_the_last_hour_are_shown_with_their_time(suite: Suite) -> None:
    def label(moment: float) -> str:
        return f"@{(1 << 62) + 10 + int(moment):016x}{0:08x}"

    now = time.time()
    log = suite.paths.log / NAME / "current"
    log.parent.mkdir()
    lines = [
        (now - 7200, "WARNING: long ago"),
        (now - 60, "INFO: all is well"),
        (now - 30, "WARNING: the meter is silent"),
    ]
    log.write_text("".join(f"{label(moment)} {text}\n" for moment, text in lines))
    (text,) = bad(list(check_logs(suite)))
    assert text.startswith(f"{NAME} at ")
    assert text.endswith(": WARNING: the meter is silent")
