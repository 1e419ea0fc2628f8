"""What events answer with."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from obdio.errors import NotConnected

if TYPE_CHECKING:
    from concurrent.futures import Future

    from obdio.snapshot import Snapshot

ANSWER_S = 5.0
"""Longest wait for the adapter's thread: an exchange takes 1 s at most, and one may be under way."""
PRIVATE = frozenset({"VIN", "CALIBRATION_ID", "CVN"})
"""What identifies a vehicle."""
MASK = "*****"


async def wait(future: Future[Any]) -> Any:
    """Wait for the adapter's thread, ANSWER_S at most."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await asyncio.wrap_future(future)
    except TimeoutError:
        raise NotConnected(f"the adapter had no time within {ANSWER_S:.0f} s: it is being opened") from None


def describe_link(snapshot: Snapshot) -> dict[str, Any]:
    """Return the state of the link as JSON data."""
    return {
        "state": snapshot.state.value,
        "status": snapshot.status,
        "reason": snapshot.reason,
        "port": snapshot.port,
        "protocol": snapshot.protocol_name,
        "voltage": snapshot.voltage_v,
        "system_voltage": snapshot.system_v,
        "guard": snapshot.guard.value,
        "now": int(time.time() * 1000),  # beside the time of values: clients need the server's clock for their age
    }


def masked(response: Any, name: str, is_visible: bool) -> Any:  # noqa: FBT001 - a pure choice of two
    """Return an encoded response, with what identifies the vehicle hidden unless is_visible."""
    if is_visible or name not in PRIVATE or not isinstance(response, dict) or response.get("value") is None:
        return response
    return {**response, "value": MASK, "text": MASK}
