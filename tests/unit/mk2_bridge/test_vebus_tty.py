from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mk2_bridge.tty import release_from_venus

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.unguarded


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "stop-tty.sh"
    path.write_text(f'#!/bin/sh\necho "$1" >>{tmp_path}/stopped\n[ "$1" != ttyBad ]\n', encoding="ascii")
    path.chmod(0o755)
    return path


async def test_venus_is_told_the_real_name_of_the_tty(tmp_path: Path, program: Path) -> None:
    (tmp_path / "ttyUSB7").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB7")
    assert await release_from_venus(str(tmp_path / "by-id"), program)
    assert (tmp_path / "stopped").read_text(encoding="ascii") == "ttyUSB7\n"


async def test_nothing_is_done_without_venus_or_without_the_tty(tmp_path: Path, program: Path) -> None:
    (tmp_path / "ttyUSB7").touch()
    assert not await release_from_venus(str(tmp_path / "ttyUSB7"), tmp_path / "absent.sh")
    assert not await release_from_venus(str(tmp_path / "ttyUSB8"), program)
    assert not (tmp_path / "stopped").exists()


async def test_failure_is_logged_and_not_fatal(tmp_path: Path, program: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "ttyBad").touch()
    assert not await release_from_venus(str(tmp_path / "ttyBad"), program)
    assert "ended with 1" in caplog.text
