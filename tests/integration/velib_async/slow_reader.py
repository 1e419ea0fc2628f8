"""A program of its own that watches one service, slowly: python slow_reader.py ADDRESS SENDER LAST PAUSE_S.

Prints `ready`, then, when all items it has seen stand at LAST (or after 60 s), one JSON object: how many values it
has seen of each path, how many came out of order, and what the last ones were.
"""

# ruff: noqa: T201 - its output is its report

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from velib_async.bus import BUS_ITEM, open_bus
from velib_async.names import add_match, match_rule

if TYPE_CHECKING:
    from velib_async.bus import Changes

PATIENCE_S = 60.0


async def main(address: str, sender: str, last: int, pause_s: float) -> None:
    bus = await open_bus(address)
    values: dict[str, list[int]] = {}
    done = asyncio.Event()

    def keep(_: str, changes: Changes) -> None:
        time.sleep(pause_s)  # slow on purpose, reading included
        for path, (value, _text) in changes.items():
            values.setdefault(path, []).append(value)
        if all(seen[-1] == last for seen in values.values()):
            done.set()

    bus.add_changes_handler(keep)
    await add_match(bus, match_rule(type="signal", sender=sender, interface=BUS_ITEM))
    print("ready", flush=True)
    try:
        async with asyncio.timeout(PATIENCE_S):
            await done.wait()
            await asyncio.sleep(0.2)  # is there more than there should be?
    except TimeoutError:
        pass
    report = {
        "paths": len(values),
        "values": sum(map(len, values.values())),
        "disorder": sum(a >= b for seen in values.values() for a, b in pairwise(seen)),
        "last": sorted({seen[-1] for seen in values.values()}),
    }
    print(json.dumps(report), flush=True)
    await bus.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
