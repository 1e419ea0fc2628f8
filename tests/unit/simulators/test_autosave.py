"""A burst of changes is saved once."""

from __future__ import annotations

import asyncio

import pytest

from simulators.gx.autosave import Autosave


class Saves:
    def __init__(self) -> None:
        self.count = 0
        self.done = asyncio.Event()

    async def save(self) -> None:
        self.count += 1
        self.done.set()


async def test_a_burst_is_one_save() -> None:
    saves = Saves()
    autosave = Autosave(saves.save, delay_s=0.01)
    for _ in range(100):
        autosave.note_change()
    await asyncio.wait_for(saves.done.wait(), 30)
    await autosave.close()
    assert saves.count == 1


async def test_closing_saves_at_once_what_is_left() -> None:
    saves = Saves()
    autosave = Autosave(saves.save, delay_s=3600.0)
    autosave.note_change()
    await asyncio.wait_for(autosave.close(), 30)
    assert saves.count == 1


async def test_nothing_is_saved_without_a_change() -> None:
    saves = Saves()
    await Autosave(saves.save, delay_s=0.0).close()
    assert saves.count == 0


async def test_a_change_while_saving_is_saved_too() -> None:
    counts: list[int] = []

    async def save() -> None:
        counts.append(len(counts))
        if len(counts) == 1:
            autosave.note_change()
        await asyncio.sleep(0)

    autosave = Autosave(save, delay_s=0.0)
    autosave.note_change()
    await autosave.close()
    assert len(counts) == 2


async def test_a_failing_save_is_told_at_the_end() -> None:
    async def save() -> None:
        raise OSError("disk full")

    autosave = Autosave(save, delay_s=0.0)
    autosave.note_change()
    with pytest.raises(OSError, match="disk full"):
        await autosave.close()
