"""A peer that is not installed: a skip with its reason in bin/check, a failure in bin/test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]

TEST = """
import pytest
from tests.peers.process import find_program

@pytest.fixture
def peer():
    return find_program("no-such-peer")

def test_with_fixture(peer):
    assert peer

async def test_in_its_body():
    assert find_program("no-such-peer")
"""


@pytest.mark.parametrize(("required", "outcome"), [("", "2 skipped"), ("required", "1 failed, 1 error")])
def test_missing_peer(tmp_path: Path, required: str, outcome: str) -> None:
    (tmp_path / "test_it.py").write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-ra", "-c",
         REPOSITORY / "pyproject.toml", f"--rootdir={tmp_path}", tmp_path / "test_it.py"],
        cwd=REPOSITORY,
        env={**os.environ, "VENUS_DAEMONS_PEERS": required},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert "no-such-peer is not installed" in done.stdout
    assert outcome in done.stdout
