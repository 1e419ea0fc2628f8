"""Runs a benchmark as its user does, but shortly: that it works is tested, its figures mean nothing here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
LIMIT_S = 300.0  # the longest takes half a minute on an idle machine


def run_quickly(name: str, kept: Path) -> tuple[str, dict[str, Any]]:
    """Run bench/NAME.py; return what it prints, and the results that it keeps in the file `kept`."""
    done = subprocess.run(
        [sys.executable, f"bench/{name}.py", "--quick", "--json", str(kept)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads(kept.read_text())["results"]
    return done.stdout, results
