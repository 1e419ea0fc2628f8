"""The benchmark runs, and prints its table; the figures of a test run mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.table import render
from tests.integration.bench.quick_run import run_quickly

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.peer
@pytest.mark.slow
def test_quick_run_prints_the_table_and_keeps_the_figures(tmp_path: Path) -> None:
    printed, results = run_quickly("velib", tmp_path / "velib.json")
    for measurement in ("provider, batches of 50", "consumer, batches of 50", "GetItems of 300, answer"):
        assert f"| {measurement} " in printed
        assert results[measurement]["dbus-next"][0] > 0
    assert results["bytes per item"]["dbus-next"][0] > 0


def test_table_shows_best_median_and_ratio() -> None:
    table = render(
        {"provider, batches of 50": {"dbus-python": [4.0, 5.0, 9.0], "dbus-fast pure": [6.0, 5.0, 7.0]}},
        ["dbus-python", "dbus-fast pure"],
    )
    assert "| provider, batches of 50 | 4.0 (5.0)   | 5.0 (6.0) = 1.25x |" in table
    assert "1.25x on pure dbus-fast (1.20x by the medians), wanted 1.10x: NOT reached" in table


def test_table_without_the_reference_has_no_ratios() -> None:
    table = render({"provider, batches of 50": {"dbus-next": [4.0]}}, ["dbus-next"])
    assert "| 4.0 " in table
    assert "reached" not in table
