from __future__ import annotations

import asyncio
import functools

import pytest

from velib_async.callbacks import CallbackFailed, Tasks, is_async, run, wait


async def coroutine(*_: object) -> int:
    return 5


def plain(*_: object) -> int:
    return 5


class Callable:
    async def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (coroutine, True),
        (functools.partial(coroutine, 1), True),
        (Callable(), True),
        (plain, False),
        (functools.partial(plain, 1), False),
        (len, False),
        (None, False),
    ],
)
def test_async_functions_are_known_in_every_dress(function: object, expected: bool) -> None:  # noqa: FBT001
    assert is_async(function) is expected


async def test_failures_end_here_and_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise LookupError("later")

    assert run("about", plain, 1) == 5
    assert await wait("about", coroutine()) == 5
    with pytest.raises(CallbackFailed, match="the thing"):
        run("the thing", lambda: 1 / 0)
    with pytest.raises(CallbackFailed, match="the other"):
        await wait("the other", fail())
    assert "the thing failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "LookupError: later" in caplog.text


async def test_tasks_are_held_and_end_together() -> None:
    tasks = Tasks()
    ended = []

    async def long(number: int) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(number)

    quick = tasks.start(coroutine(), "quick")
    for number in range(3):
        tasks.start(long(number), f"long {number}")
    assert await quick == 5
    await asyncio.sleep(0)
    assert len(tasks) == 3
    await tasks.cancel()
    assert (sorted(ended), len(tasks)) == ([0, 1, 2], 0)
    await tasks.cancel()
