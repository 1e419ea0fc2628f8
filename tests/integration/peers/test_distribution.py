"""A test that takes its worker along costs that test, not the run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.peers.missing_stdlib import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

CONFTEST = """
from tests.distribution import Distribution

def pytest_xdist_make_scheduler(config, log):
    return Distribution(config, log)
"""
TESTS = """
import os
import pytest

@pytest.mark.parametrize("number", range(12))
def test_one(number):
    if number == 5:
        os._exit(1)
"""


def test_the_other_tests_of_a_worker_that_died_are_run_and_the_run_ends(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    run = subprocess.run(
        [*command, str(tmp_path)], cwd=REPOSITORY, capture_output=True, text=True, timeout=200, check=False
    )
    assert "1 failed, 11 passed" in run.stdout, run.stdout + run.stderr
