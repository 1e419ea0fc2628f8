from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from mqtt_devices import setting_writer
from mqtt_devices.setting_writer import SettingWriter
from velib_async.errors import CallError, SettingError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mqtt_devices.protocol.service_types import Value

LIMIT_S = 30.0


class Bench:
    """A writer, and settings that a test makes fail."""

    def __init__(self) -> None:
        self.stored: dict[str, Value] = {"a": 0, "b": 0}
        self.gate = asyncio.Event()
        self.gate.set()
        self.attempts: list[tuple[str, Value]] = []
        self.failures: dict[str, Exception] = {}
        self.done: list[tuple[str, Value]] = []
        self.writer = SettingWriter(
            read=self.stored.__getitem__, write=self.write, on_done=lambda path, value: self.done.append((path, value))
        )

    async def write(self, path: str, value: Value) -> None:
        self.attempts.append((path, value))
        await self.gate.wait()
        if path in self.failures:
            raise self.failures[path]
        self.stored[path] = value

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.writer.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def until(self, is_true: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not is_true():  # noqa: ASYNC110 - looks at what has no event
                await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting_writer, "RETRY_S", 0.001)


async def test_only_what_is_new_is_written_and_only_the_latest() -> None:
    bench = Bench()
    bench.writer.note("a", 0)
    for value in (1, 2, 3):
        bench.writer.note("b", value)
    async with bench.running():
        await bench.until(lambda: bench.stored["b"] == 3)
    assert bench.attempts == bench.done == [("b", 3)]


async def test_value_that_comes_while_the_former_is_written_is_written_next() -> None:
    bench = Bench()
    bench.gate.clear()
    async with bench.running():
        bench.writer.note("a", 1)
        await bench.until(lambda: bool(bench.attempts))
        bench.writer.note("a", 0)  # what is stored, as far as known
        bench.gate.set()
        await bench.until(lambda: bool(bench.done))
    assert (bench.attempts, bench.done) == ([("a", 1), ("a", 0)], [("a", 0)])


async def test_failure_is_tried_again_and_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    bench = Bench()
    bench.failures["a"] = CallError("org.freedesktop.DBus.Error.NoReply")
    async with bench.running():
        bench.writer.note("a", 1)
        bench.writer.note("b", 1)
        await bench.until(lambda: bench.attempts.count(("a", 1)) > 3)
        assert bench.done == [("b", 1)]
        assert bench.writer.is_behind("a")
        assert bench.writer.find_latest("a", 0) == 1
        bench.failures.clear()
        await bench.until(lambda: ("a", 1) in bench.done)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["a is not kept yet", "a is kept"]


async def test_refusal_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.failures["a"] = SettingError("a", -1)
    async with bench.running():
        bench.writer.note("a", 1)
        await bench.until(lambda: bool(bench.done))
    assert (bench.attempts, bench.done) == ([("a", 1)], [("a", 1)])
    assert "a is not kept: " in caplog.text


async def test_all_is_written_at_the_end() -> None:
    bench = Bench()
    bench.writer.note("a", 1)
    bench.writer.count("b", 5)
    assert (bench.writer.is_waiting("b"), bench.writer.is_behind("b")) == (True, False)
    await bench.writer.finish()
    assert bench.stored == {"a": 1, "b": 5}
    assert not bench.writer.is_waiting("b")
