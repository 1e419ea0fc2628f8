from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from daemonkit.backoff import Backoff
from daemonkit.errors import LinkLost
from daemonkit.supervise import KeptLink, LinkState, fence, keep_connected

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 30.0


def quick() -> Backoff:
    return Backoff(first_s=0.001, factor=1, limit_s=0.001)


async def test_link_is_made_again_and_logged_once_each_way(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "daemonkit.supervise")
    attempts = 0
    states: list[LinkState] = []
    back = asyncio.Event()

    async def session(up: Callable[[], None]) -> None:
        nonlocal attempts
        attempts += 1
        if 1 < attempts < 5:
            raise LinkLost("refused")
        up()
        if attempts == 5:
            back.set()
            await asyncio.Event().wait()
        raise LinkLost("reset by peer")

    link = KeptLink("broker 127.0.0.1", session, backoff=quick(), on_state=states.append)
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
        task = group.create_task(link.run())
        await back.wait()
        assert link.state is LinkState.UP
        task.cancel()
    visible = [r.message for r in caplog.records if r.levelno >= logging.INFO]
    assert visible == [
        "broker 127.0.0.1 is connected",
        "broker 127.0.0.1 is down: reset by peer",
        "broker 127.0.0.1 is back after 0 s",
    ]
    assert sum(r.levelno == logging.DEBUG for r in caplog.records) == 3
    up, waiting, connecting = LinkState.UP, LinkState.WAITING, LinkState.CONNECTING
    assert states == [connecting, up, waiting, *[connecting, waiting] * 3, connecting, up, LinkState.CLOSED]


async def test_link_that_fails_while_it_is_ended_is_not_made_again() -> None:
    is_up = asyncio.Event()

    async def session(up: Callable[[], None]) -> None:
        up()
        is_up.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise LinkLost("no answer to the goodbye") from None

    task = asyncio.create_task(KeptLink("broker", session, backoff=quick()).run())
    await is_up.wait()
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=LIMIT_S)
    assert done
    assert task.cancelled()


async def test_bug_in_a_session_is_not_retried() -> None:
    async def session(_: Callable[[], None]) -> None:
        raise ZeroDivisionError("bug")

    with pytest.raises(ZeroDivisionError):
        await keep_connected("x", session, backoff=quick())


async def test_named_exceptions_and_plain_return_count_as_lost() -> None:
    ends = iter([TimeoutError(), None])

    async def session(_: Callable[[], None]) -> None:
        end = next(ends, ZeroDivisionError("no more"))
        if end:
            raise end

    with pytest.raises(ZeroDivisionError):
        await keep_connected("x", session, backoff=quick(), lost=(TimeoutError,))


@pytest.mark.parametrize(("steady_s", "delays"), [(0.0, [1, 1, 1]), (60.0, [1, 2, 3])])
async def test_only_a_link_that_held_resets_the_delays(
    monkeypatch: pytest.MonkeyPatch, steady_s: float, delays: list[int]
) -> None:
    monkeypatch.setattr("daemonkit.supervise.STEADY_S", steady_s)
    taken: list[int] = []

    class Counting(Backoff):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

        def next_delay(self) -> float:
            self.count += 1
            taken.append(self.count)
            return 0.0

        def reset(self) -> None:
            self.count = 0

    async def session(up: Callable[[], None]) -> None:
        if len(taken) == 3:
            raise ZeroDivisionError
        up()

    with pytest.raises(ZeroDivisionError):
        await keep_connected("x", session, backoff=Counting())
    assert taken == delays


def test_fence_confines_a_bug_and_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    with fence("message on device/x/Status"):
        raise ZeroDivisionError("bug")
    assert "message on device/x/Status failed because of a bug" in caplog.text
    assert "ZeroDivisionError: bug" in caplog.text


async def test_fence_lets_cancellation_through() -> None:
    with pytest.raises(asyncio.CancelledError), fence("x"):
        raise asyncio.CancelledError
