"""The benchmark of mqtt-devices runs, and prints its table; the figures of a test run mean nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.mqtt_devices import OTHERS, WANTED, render

ROOT = Path(__file__).parents[3]
LIMIT_S = 300.0  # takes half a minute on an idle machine


@pytest.mark.peer
@pytest.mark.slow
def test_quick_run_prints_the_table_and_keeps_the_figures(tmp_path: Path) -> None:
    kept = tmp_path / "mqtt_devices.json"
    done = subprocess.run(
        [sys.executable, "bench/mqtt_devices.py", "--quick", "--json", str(kept)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(kept.read_text())["results"]["as installed here"]
    assert set(WANTED) | set(OTHERS) <= set(figures)
    assert figures["services registered"] > 0
    assert "| services registered | " in done.stdout


def test_table_says_what_is_not_reached() -> None:
    figures = dict.fromkeys((*WANTED, *OTHERS), 3.0)
    table = render({"here": figures})
    assert "| services registered | 3 (NOT reached) | >= 200 1/s |" in table
    assert "| CPU per service registered | 3 (NOT reached) | <= 2.5 ms |" in table
    assert "| first reply | 3 | <= 100 ms |" in table
