"""SetValue: what becomes of a write from outside."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from velib_async import callbacks
from velib_async.values import from_wire

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from velib_async.callbacks import Tasks
    from velib_async.items import Item

log = logging.getLogger(__name__)

# Results of SetValue as velib's users know them.
ACCEPTED = 0
REFUSED = 1  # not writeable, wrong type, out of range, callback failed or took too long
CALLBACK_REFUSED = 2

# Venus programs call blocking: the GUI and systemcalc stand still until the answer comes.
ANSWER_LIMIT_S = 1.0
# Async callbacks of one service at a time: a device that never answers, written by a
# program that never gives up, must not pile them up.
UNFINISHED_LIMIT = 32


def begin_write(item: Item, raw: Any, tasks: Tasks) -> int | Awaitable[int]:
    """Takes a write from outside; returns the result code, or something to await for it."""
    try:
        value = _accept(item, from_wire(raw))
    except (ValueError, TypeError, OverflowError) as error:
        log.debug("%s: write of %.100r refused: %s", item.path, raw, error)
        return REFUSED
    if value == item.value and not item.hears_repeats:
        return ACCEPTED
    if item.onchange is None:
        item.store(value)
        return ACCEPTED
    if callbacks.is_async(item.onchange):
        return _write_async(item, value, tasks)
    return _write_sync(item, value)


def _accept(item: Item, raw: Any) -> Any:
    if not item.writeable:
        raise ValueError("not writeable")
    value = None if raw is None else item.coerce(raw)
    if value is None:
        item.accept_unknown()
        return None
    if item.minimum is not None and value < item.minimum:
        raise ValueError(f"below {item.minimum}")
    if item.maximum is not None and value > item.maximum:
        raise ValueError(f"above {item.maximum}")
    return value


def _write_sync(item: Item, value: Any) -> int:
    assert item.onchange is not None  # noqa: S101 - begin_write looked; for the type checker
    try:
        accepted = callbacks.run(f"onchange of {item.path}", item.onchange, value, is_failing=item.write_fails)
    except callbacks.CallbackFailed:
        item.write_fails = True
        return REFUSED
    item.write_fails = False
    if accepted:
        item.store(value)
        return ACCEPTED
    # A callback that stored the value itself has accepted it, whatever it returned.
    return ACCEPTED if value == item.value else CALLBACK_REFUSED


async def _write_async(item: Item, value: Any, tasks: Tasks) -> int:
    if len(tasks) >= UNFINISHED_LIMIT:
        _warn(item, "write refused: %d earlier ones have not ended", UNFINISHED_LIMIT)
        return REFUSED
    task = tasks.start(_run_callback(item, value), name=f"onchange {item.path}")
    done, _ = await asyncio.wait((task,), timeout=ANSWER_LIMIT_S)
    if not done:
        _warn(item, "onchange has not answered within %g s; it goes on", ANSWER_LIMIT_S)
        return REFUSED
    if task.cancelled():  # the service closes
        return REFUSED
    result = task.result()
    item.write_fails = result == REFUSED
    return result


async def _run_callback(item: Item, value: Any) -> int:
    assert item.onchange is not None  # noqa: S101 - as above
    before = item.value
    try:
        answer = item.onchange(item, value)  # type: ignore[call-arg] # is_async said so
        result = await callbacks.wait(f"onchange of {item.path}", answer, is_failing=item.write_fails)
    except callbacks.CallbackFailed:
        return REFUSED
    if result is None:
        return ACCEPTED
    if not result:
        return CALLBACK_REFUSED
    if item.value == before:  # else the callback stored what the device made of it
        item.store(value)
    return ACCEPTED


def _warn(item: Item, text: str, *arguments: object) -> None:
    """Logs why a write failed, unless the one before failed as well: Venus programs write cyclically."""
    log.log(logging.DEBUG if item.write_fails else logging.WARNING, f"%s: {text}", item.path, *arguments)  # noqa: G004 - our own texts
    item.write_fails = True
