from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from daemonkit.errors import DaemonError
from daemonkit.instance import AlreadyRunning, InstanceLock

if TYPE_CHECKING:
    from pathlib import Path


def test_second_one_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "run" / "x.lock"
    with (
        InstanceLock(path),
        pytest.raises(AlreadyRunning, match=rf"already running with pid {os.getpid()} \(.*x\.lock is locked\)"),
        InstanceLock(path),
    ):
        pytest.fail("both hold the lock")


def test_lock_is_free_again_after_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with InstanceLock(path):
        pass
    with InstanceLock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_unusable_run_directory_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(DaemonError, match="VENUS_DAEMONS_RUN names another"),
        InstanceLock(tmp_path / "file" / "x.lock"),
    ):
        pytest.fail("there is no such directory")
