from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future
from typing import Any

import pytest

from obdio import replies
from obdio.errors import NotConnected
from obdio.link import LinkState
from obdio.replies import MASK, describe_link, masked, wait
from obdio.snapshot import Snapshot


async def test_the_threads_answer_is_awaited() -> None:
    future: Future[int] = Future()
    asyncio.get_running_loop().call_later(0.01, future.set_result, 5)
    assert await wait(future) == 5


async def test_a_thread_without_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "ANSWER_S", 0.01)
    with pytest.raises(NotConnected, match="no time"):
        await wait(Future())


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (LinkState.CAR, "Car Connected"),
        (LinkState.ASLEEP, "OBD Connected"),
        (LinkState.IGNITION_OFF, "OBD Connected"),
        (LinkState.ADAPTER, "ELM Connected"),
        (LinkState.NO_PORT, "Not Connected"),
        (LinkState.CLOSED, "Not Connected"),
    ],
)
def test_a_link_is_described_in_json_and_in_python_obds_words(state: LinkState, status: str) -> None:
    described = describe_link(Snapshot(state))
    assert json.loads(json.dumps(described)) == described
    assert (described["state"], described["status"]) == (state.value, status)


def test_what_identifies_the_vehicle_is_masked() -> None:
    response: dict[str, Any] = {"value": [87], "text": "W", "unit": "x"}
    assert masked(response, "VIN", is_visible=False) == {"value": MASK, "text": MASK, "unit": "x"}
    assert masked(response, "VIN", is_visible=True) is response
    assert masked(response, "RPM", is_visible=False) is response
    assert masked({"value": None}, "VIN", is_visible=False) == {"value": None}
    assert masked(None, "VIN", is_visible=False) is None
