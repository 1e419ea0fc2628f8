"""--check, as the daemon is asked for it. The running daemon: tests/integration/obd_server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemonkit.daemon import run
from obd_server.app import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

OWN = 'OIL: {request: "22F40A", bytes: 1, formula: %s}\n'


def check(*arguments: str) -> int:
    return run(PROGRAM, ["--check", *arguments])


def test_everything_is_checked_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "obd-server.yml").write_text("adapter: {port: /dev/ttyUSB7}\n")
    (tmp_path / "obd-pids.yml").write_text(OWN % "A - 40")
    assert check("--config", str(tmp_path)) == 0
    assert {"adapter: /dev/ttyUSB7", "1 own PIDs"} <= set(capsys.readouterr().out.splitlines())


def test_without_files_it_says_that_no_adapter_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--config", str(tmp_path)) == 0
    assert "adapter: none" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("my-pids.yml", OWN % "A * 2", OWN % "A ** 2"),
        ("obd-server.yml", "rights: {write: true}\n", "rights: {wirte: true}\n"),
    ],
)
def test_one_file_is_checked_by_what_its_name_says(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, good: str, bad: str
) -> None:
    file = tmp_path / name
    file.write_text(good)
    assert check(str(file)) == 0
    file.write_text(bad)
    assert check(str(file)) == 2
    output = capfd.readouterr()
    assert f"{file}:1" in output.out + output.err
