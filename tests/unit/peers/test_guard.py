from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from daemonkit.stopping import Stop

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_blocking_product_code_fails_an_async_test() -> None:
    blockbuster = pytest.importorskip("blockbuster")
    with pytest.raises(blockbuster.BlockingError, match=r"Blocking call to time\.sleep"):
        Stop().sleep(0.01)


async def test_test_itself_may_block() -> None:
    time.sleep(0.001)  # noqa: ASYNC251 (what is tested)


@pytest.mark.unguarded
async def test_unguarded_test_is_left_alone() -> None:
    Stop().sleep(0.01)


def test_guard_is_gone_outside_async_tests() -> None:
    Stop().sleep(0.01)


@pytest.mark.long
def test_campaign_is_a_sample_unless_asked_for_in_full(campaign: Callable[[int, int], int]) -> None:
    assert campaign(3, 1000) == (1000 if os.environ.get("VENUS_DAEMONS_LONG") else 3)
