from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Self

import pytest

from daemonkit.statefile import save_state
from mqtt_devices import memory_file
from mqtt_devices.memory_file import MemoryFile

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 30.0


class Bench:
    def __init__(self, directory: Path) -> None:
        self.path = directory / "state" / "mqtt-devices.json"
        self.records: list[Any] = []
        self.file = MemoryFile(self.path, lambda: list(self.records))
        self.task: asyncio.Task[None] | None = None

    def change(self, *records: Any) -> None:
        self.records = list(records)
        self.file.note_change()

    def stored(self) -> Any:
        return json.loads(self.path.read_text())["devices"] if self.path.exists() else None

    async def wait_stored(self, *records: Any) -> None:
        async with asyncio.timeout(LIMIT_S):
            while self.stored() != list(records):  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.005)

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.file.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


async def test_change_is_written_at_once_and_read_by_the_next_run(tmp_path: Path) -> None:
    async with Bench(tmp_path) as bench:
        assert bench.file.load() == []
        bench.change({"a": 1})
        await bench.wait_stored({"a": 1})
    assert Bench(tmp_path).file.load() == [{"a": 1}]


async def test_what_is_the_same_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[Any] = []

    def save(path: Path, value: Any) -> bool:
        writes.append(value)
        return save_state(path, value)

    monkeypatch.setattr(memory_file, "save_state", save)
    async with Bench(tmp_path) as bench:
        bench.change({"a": 1})
        await bench.wait_stored({"a": 1})
        for _ in range(5):
            bench.change({"a": 1})
            await asyncio.sleep(0.01)
        bench.change({"a": 2})
        await bench.wait_stored({"a": 2})
    assert len(writes) == 2


async def test_restless_devices_do_not_wear_the_flash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_file, "WRITES_AT_ONCE", 1)
    async with Bench(tmp_path) as bench:
        bench.change(1)
        await bench.wait_stored(1)
        bench.change(2)
        await asyncio.sleep(0.1)
        assert bench.stored() == [1]
    assert bench.stored() == [2], "what is left is written at the end"


@pytest.mark.parametrize("content", ["{", "[]", "5", '{"devices": 5}', '{"format": 2, "devices": [{"a": 1}]}'])
async def test_file_that_makes_no_sense_is_kept_aside_and_no_reason_to_stop(tmp_path: Path, content: str) -> None:
    async with Bench(tmp_path) as bench:
        bench.path.parent.mkdir(parents=True)
        bench.path.write_text(content)
        assert bench.file.load() == []
        bench.change(1)
        await bench.wait_stored(1)
        assert bench.path.with_name(f"{bench.path.name}.bad").read_text() == content


async def test_what_a_full_disk_refused_is_written_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(memory_file, "WRITE_PERIOD_S", 0.02)
    async with Bench(tmp_path) as bench:
        bench.path.parent.write_text("in the way of the directory")
        bench.change({"a": 1})
        async with asyncio.timeout(LIMIT_S):
            while "cannot be written" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0.005)
        bench.path.parent.unlink()
        await bench.wait_stored({"a": 1})


async def test_more_than_the_file_may_hold_is_logged_and_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Bench(tmp_path) as bench:
        bench.change("x" * 2_000_000)
        async with asyncio.timeout(LIMIT_S):
            while "not kept" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0.005)
        bench.change(1)
        await bench.wait_stored(1)
