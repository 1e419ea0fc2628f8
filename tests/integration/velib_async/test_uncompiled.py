"""A GX has dbus_fast without compiled parts: the contract of the bus holds there, too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LIMIT_S = 300.0  # takes ten seconds on an idle machine


@pytest.mark.peer
@pytest.mark.slow
def test_contract_with_uncompiled_dbus_fast() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.uncompiled", "-p", "no:cacheprovider"]
    command += ["tests/contract", "tests/integration/velib_async/test_fast_reader.py", "-k", "dbus_fast"]
    # Of the outer run, if it is distributed: the inner one would take itself for one of its workers.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
