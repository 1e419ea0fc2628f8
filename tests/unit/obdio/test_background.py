from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from obdio.background import Background, is_in_loop

if TYPE_CHECKING:
    import pytest


async def test_more_than_the_limit_is_not_run() -> None:
    background, gate = Background(limit=2), asyncio.Event()
    assert [background.spawn(gate.wait()) for _ in range(3)] == [True, True, False]
    gate.set()
    while len(background):  # noqa: ASYNC110 - its tasks have nobody to tell
        await asyncio.sleep(0)
    assert background.spawn(gate.wait())


async def test_an_error_is_shown_and_does_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ZeroDivisionError("of the user")

    background = Background()
    background.spawn(fail())
    while len(background):  # noqa: ASYNC110 - its tasks have nobody to tell
        await asyncio.sleep(0)
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_without_a_loop_nothing_is_run() -> None:
    async def work() -> None:
        """Never runs."""

    assert not is_in_loop()
    assert not Background().spawn(work())  # and no "never awaited" warning, which would be an error here
