"""The benchmark of mqtt-devices runs, and prints its table; the figures of a test run mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.mqtt_devices import OTHERS, WANTED, render
from tests.integration.bench.quick_run import run_quickly

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.peer
@pytest.mark.slow
def test_quick_run_prints_the_table_and_keeps_the_figures(tmp_path: Path) -> None:
    printed, results = run_quickly("mqtt_devices", tmp_path / "mqtt_devices.json")
    figures = results["as installed here"]
    assert set(WANTED) | set(OTHERS) <= set(figures)
    assert figures["services registered"] > 0
    assert "| services registered | " in printed


def test_table_says_what_is_not_reached() -> None:
    figures = dict.fromkeys((*WANTED, *OTHERS), 3.0)
    table = render({"here": figures})
    assert "| services registered | 3 (NOT reached) | >= 200 1/s |" in table
    assert "| CPU per service registered | 3 (NOT reached) | <= 2.5 ms |" in table
    assert "| first reply | 3 | <= 100 ms |" in table
