from __future__ import annotations

import gc
import logging
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from simulators.multiplus.simulated_time import run
from tests.unit.mk2_bridge.soak import soak

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DAY_S = 86_400
SAMPLE_S = 450
TRACED_S = 7_200
LEAK_LIMIT_BYTES = 300_000
LEAK_LIMIT_OBJECTS = 1_500
"""Growth after the first half: buffers, logs and histograms have their full size by then."""


def count_objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def traced_bytes() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def treat_badly(directory: Path, seconds: float, measure: Callable[[], int], seed: int = 2) -> int:
    """Return what the second half has added to what is measured."""
    async with soak(directory, seed) as found:
        await found.run(seconds / 2)
        before = measure()
        await found.run(seconds / 2)
        growth = measure() - before
        assert found.wrong == []
        assert found.checked > seconds
        assert found.connected > 0.5 * seconds
        assert len(found.events) == 4 or seconds < DAY_S
        return growth


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """Keep pytest from collecting log records: their exceptions hold whole connections, and nothing holds them else."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.long
@pytest.mark.slow
def test_bad_treatment_publishes_nothing_wrong_and_keeps_no_objects(
    tmp_path: Path, campaign: Callable[[int, int], int]
) -> None:
    assert run(treat_badly(tmp_path, campaign(SAMPLE_S, DAY_S), count_objects)) < LEAK_LIMIT_OBJECTS


@pytest.mark.only_long
def test_bad_treatment_leaks_no_memory(tmp_path: Path) -> None:
    tracemalloc.start()  # every step takes several times as long
    try:
        assert run(treat_badly(tmp_path, TRACED_S, traced_bytes)) < LEAK_LIMIT_BYTES
    finally:
        tracemalloc.stop()
