from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from daemonkit.stacks import TASKS_LIMIT, log_stacks

if TYPE_CHECKING:
    import pytest


async def wait_here(event: asyncio.Event) -> None:
    await event.wait()


async def test_threads_and_tasks_are_named_with_their_lines(caplog: pytest.LogCaptureFixture) -> None:
    release, event = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=release.wait, name="car")
    thread.start()
    task = asyncio.create_task(wait_here(event), name="poll tank")
    await asyncio.sleep(0)
    log_stacks("SIGUSR1", asyncio.get_running_loop())
    release.set()
    event.set()
    await task
    thread.join()
    lines = caplog.messages
    assert lines[0] == "SIGUSR1: stacks of all threads and tasks follow"
    assert "thread car" in lines
    task_line = lines.index("task poll tank")
    assert f"{__file__}:" in lines[task_line + 1]
    assert "wait_here: await event.wait()" in lines[task_line + 1]
    assert not any("stacks.py" in line for line in lines if not line.startswith("  " + __file__))


async def test_very_many_tasks_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    event = asyncio.Event()
    tasks = [asyncio.create_task(wait_here(event)) for _ in range(TASKS_LIMIT + 50)]
    await asyncio.sleep(0)
    log_stacks("test", asyncio.get_running_loop())
    event.set()
    await asyncio.gather(*tasks)
    assert caplog.messages[-1] == "... and 51 more tasks"
