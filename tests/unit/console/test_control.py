"""enable and disable, by the command line of one of several versions; what setup.sh does then is tested elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from console import control
from console.suite import Suite

if TYPE_CHECKING:
    from pathlib import Path

NAME = "mk2-bridge"


def make_version(root: Path, version: str) -> Path:
    base = root / "data" / "drivers" / f"venus-daemons-{version}"
    for file in (f"service/{NAME}/run", "bin/venus-daemons", "bin/setup.sh"):
        (base / file).parent.mkdir(parents=True, exist_ok=True)
        (base / file).touch()
    return base


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "service").mkdir()
    return tmp_path


@pytest.fixture
def calls(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Have the command line be that of version 1, and collect what it becomes."""
    made: list[list[str]] = []
    base = make_version(root, "1")

    def execv(_: str, command: list[str]) -> int:
        made.append(command)
        return 0

    monkeypatch.setattr(control, "Suite", lambda: Suite(base=base, root=root))
    monkeypatch.setattr("os.execv", execv)
    return made


@pytest.mark.parametrize("action", ["enable", "disable"])
def test_version_that_does_not_run_names_the_command_of_the_one_that_does(
    root: Path, calls: list[list[str]], capsys: pytest.CaptureFixture[str], action: str
) -> None:
    newer = make_version(root, "2")
    (root / "service" / NAME).symlink_to(newer / "service" / NAME)
    assert control.main([action, NAME]) == 1
    assert not calls
    said = capsys.readouterr().err.splitlines()
    assert said[1] == f"Its own command: {newer}/bin/venus-daemons {action} {NAME}"
    assert said[2].endswith("venus-daemons-1/bin/setup.sh")


@pytest.mark.parametrize("link", ["own", "none", "deleted version"])
def test_version_that_runs_or_could_does_what_is_asked(root: Path, calls: list[list[str]], link: str) -> None:
    version = {"own": "1", "deleted version": "0"}.get(link)
    if version:
        target = root / "data" / "drivers" / f"venus-daemons-{version}" / "service" / NAME
        (root / "service" / NAME).symlink_to(target)
    assert control.main(["enable", NAME]) == 0
    assert [command[2:] for command in calls] == [["--enable", NAME, "--root", str(root)]]
