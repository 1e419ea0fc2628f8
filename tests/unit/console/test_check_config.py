"""The doctor on the choice of daemons and on configuration files; and that no check takes the others with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from console import doctor
from console.check_config import check_choice, check_config
from console.finding import Weight, good
from console.suite import Suite
from daemonkit.context import Paths

if TYPE_CHECKING:
    from pathlib import Path

NAME = "mk2-bridge"


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    base = tmp_path / "data" / "drivers" / "venus-daemons-1"
    (base / "service" / NAME).mkdir(parents=True)
    (base / "service" / NAME / "run").touch()
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / NAME).symlink_to(base / "service" / NAME)
    (tmp_path / "data" / "conf" / "venus-daemons").mkdir(parents=True)
    places = {f"VENUS_DAEMONS_{name.upper()}": str(tmp_path / name) for name in ("data", "run", "log")}
    return Suite(base=base, root=tmp_path, paths=Paths.find(places))


@pytest.mark.parametrize(
    ("listed", "has_down_file", "weight", "cure"),
    [
        (f"# those that run\n{NAME} # since May\n", False, None, ""),
        (f"{NAME}\n", True, Weight.PROBLEM, "bin/setup.sh"),
        ("mqtt-devices\n", False, Weight.NOTE, f"disable {NAME}"),
        ("mqtt-devices\n", True, None, ""),
        (None, True, None, ""),
    ],
)
def test_down_file_that_says_something_else_than_the_choice_is_named(
    suite: Suite,
    listed: str | None,
    has_down_file: bool,  # noqa: FBT001 (a case)
    weight: Weight | None,
    cure: str,
) -> None:
    if listed is not None:
        suite.choice.write_text(listed)
    if has_down_file:
        (suite.base / "service" / NAME / "down").touch()
    found = list(check_choice(suite))
    assert [finding.weight for finding in found] == ([] if weight is None else [weight])
    assert all(NAME in finding.text and cure in finding.fix for finding in found)


def test_configuration_that_is_none_is_named(suite: Suite) -> None:
    file = suite.paths.config / f"{NAME}.yml"
    assert not list(check_config(suite))
    file.write_bytes(bytes(400))
    (finding,) = check_config(suite)
    assert finding.text.startswith(f"{file} holds NUL characters")
    file.unlink()
    file.mkdir()
    (finding,) = check_config(suite)
    assert finding.text == f"{file} cannot be read: Is a directory"


def test_check_that_cannot_go_on_is_a_finding_and_the_others_follow(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check_rc_local(suite: Suite) -> list[object]:
        suite.root.read_bytes()
        return []

    monkeypatch.setattr(doctor, "CHECKS", (check_rc_local, lambda _: [good("all is well")]))
    assert doctor.main([]) == 1
    text = capsys.readouterr().out
    assert "all is well" in text
    assert "check rc local cannot go on: [Errno 21] Is a directory" in " ".join(text.split())
    assert "; dmesg | tail" in text
