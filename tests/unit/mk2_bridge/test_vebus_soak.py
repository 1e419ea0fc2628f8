from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from simulators.multiplus.simulated_time import run
from tests.unit.mk2_bridge.soak import soak

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY_S = 86_400
SAMPLE_S = 900
LEAK_LIMIT_BYTES = 300_000
"""Growth after the first half: buffers, logs and histograms have their full size by then."""


async def treat_badly(directory: Path, seconds: float, seed: int) -> None:
    async with soak(directory, seed) as found:
        await found.run(seconds / 2)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        await found.run(seconds / 2)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        assert found.wrong == []
        assert found.checked > seconds
        assert found.connected > 0.5 * seconds
        assert len(found.events) == 4 or seconds < DAY_S
        assert after - before < LEAK_LIMIT_BYTES


@pytest.mark.long
def test_bad_treatment_leaks_nothing_and_publishes_nothing_wrong(
    tmp_path: Path, campaign: Callable[[int, int], int]
) -> None:
    seconds = campaign(SAMPLE_S, DAY_S)
    tracemalloc.start()
    try:
        run(treat_badly(tmp_path, seconds, seed=2))
    finally:
        tracemalloc.stop()
