"""How near lib/mk2 comes to what the wire allows: `python bench/mk2.py [--quick]`.

The simulated MK3 runs in a process of its own, paced like the real one: 4.167 ms per byte at 2400 baud and 47 ms until
a reply begins. README.md beside this file has the last run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "lib")]  # started as a script, or from anywhere

from bench.mk2_daemon import daemon_costs, simulated  # noqa: E402 - found through the line above
from mk2.control import Control, Permissions  # noqa: E402 - found through the line above
from mk2.framing import FrameUnpacker  # noqa: E402
from mk2.jobs import JobOptions  # noqa: E402
from mk2.opening import open_session  # noqa: E402
from mk2.ram_var import RamVar  # noqa: E402
from mk2.session import POWERS  # noqa: E402
from mk2.system import SystemOptions  # noqa: E402
from mk2.tool.watching import watch  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STRICT_MS, PERMISSIVE_MS, NAIVE_MS = 277.0, 196.0, 782.0
FRESH_S = 1.5
START_S = 60.0
MEMORY_MIB = 4.0
RESULTS = ROOT / "bench" / "results" / "mk2.json"
LEAN = JobOptions(slow_tier=False)
SIX = (RamVar.INVERTER_POWER, RamVar.MAINS_POWER, RamVar.OUTPUT_POWER, RamVar.BATTERY_VOLTAGE, RamVar.BATTERY_CURRENT)


class Row(NamedTuple):
    """A line of the result: what, how much, and the limit it is held against, if there is one."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    def __str__(self) -> str:
        """Return the row as Markdown."""
        verdict = "" if self.limit is None else f"{self.limit:g} | {'yes' if self.value <= self.limit else 'NO'}"
        return f"| {self.name} | {self.value:.4g} {self.unit} | {verdict or '- | -'} |"


async def cycle_ms(seconds: float, *arguments: str, options: SystemOptions) -> float:
    """Return how long a round of readings takes."""
    async with simulated(*arguments) as tty, watch(tty, options=options) as watched:
        async with asyncio.timeout(START_S):
            while (poller := watched.system.poller) is None:  # noqa: ASYNC110 - once per run
                await asyncio.sleep(0.1)
        await asyncio.sleep(2)
        rounds, began = poller.schedule.rounds, time.monotonic()
        await asyncio.sleep(seconds)
        return (time.monotonic() - began) / (poller.schedule.rounds - rounds) * 1000


async def naive_ms(seconds: float) -> float:
    """Return how long the usual set takes when one question waits for the other."""
    async with simulated() as tty, open_session(tty) as session:
        rounds, began = 0, time.monotonic()
        while time.monotonic() - began < seconds:
            await session.leds()
            await session.dc()
            await session.ac(1)
            await session.config()
            await session.get_ram_raw(*SIX, RamVar.STATE_OF_CHARGE)
            await session.state()
            rounds += 1
        return (time.monotonic() - began) / rounds * 1000


async def freshness_s(seconds: float) -> float:
    """Return the longest time between two readings of the same kind, of what changes by itself."""
    async with simulated() as tty, watch(tty) as watched:
        async with asyncio.timeout(START_S):
            while watched.system.poller is None:  # noqa: ASYNC110 - once per run
                await asyncio.sleep(0.1)
        seen: dict[str, float] = {}
        longest = 0.0
        take = watched.system._give  # noqa: SLF001 - listens in

        def listen(name: str, reading: object) -> None:
            nonlocal longest
            now = time.monotonic()
            if name in {"dc", "ac1", "powers", "config", "state"}:
                longest = max(longest, now - seen.get(name, now))
                seen[name] = now
            take(name, reading)

        watched.system._give = listen  # noqa: SLF001
        watched.system.restart()  # so that the jobs are made with the listener
        await asyncio.sleep(6)
        seen.clear()
        longest = 0.0
        await asyncio.sleep(seconds)
        return longest


async def writes_per_s(seconds: float, *, pipelined: bool) -> float:
    """Return how many power set points per second are written and acknowledged, each with a reading of the powers."""
    async with simulated("--ess") as tty, open_session(tty) as session:
        control = Control(session, Permissions())

        async def write() -> None:
            await control.write_ram(131, -500, is_cyclic=True)

        async def read() -> None:
            await session.get_ram_raw(*POWERS)

        count, began = 0, time.monotonic()

        async def loop(*steps: Callable[[], Awaitable[None]]) -> None:
            nonlocal count
            while time.monotonic() - began < seconds:
                for step in steps:
                    await step()
                    count += step is write

        loops = [loop(write), loop(write), loop(read)] if pipelined else [loop(write, read)]
        await asyncio.gather(*loops)
        return count / (time.monotonic() - began)


def unpack_mb_s(*, noisy: bool) -> float:
    """Return how many megabytes per second the unpacker takes."""
    vectors = (ROOT / "tests" / "vectors" / "mk2" / "replies.txt").read_text(encoding="ascii").splitlines()
    frames = [bytes.fromhex(line.partition("|")[0]) for line in vectors if not line.startswith("#")]
    noise = random.Random(1)  # noqa: S311 - noise is not a secret
    parts = [noise.randbytes(30) if noisy and noise.random() < 0.5 else noise.choice(frames) for _ in range(60_000)]  # noqa: PLR2004 - half
    data = b"".join(parts)
    unpacker = FrameUnpacker()
    began = time.process_time()
    for start in range(0, len(data), 64):
        unpacker.feed(data[start : start + 64])
    return len(data) / 1e6 / (time.process_time() - began)


async def measure(seconds: float) -> list[Row]:
    """Return all rows."""
    strict = await cycle_ms(seconds, options=SystemOptions(jobs=LEAN))
    permissive = await cycle_ms(seconds, "--permissive", options=SystemOptions(jobs=LEAN))
    rows = [
        Row("lean cycle, strict device", strict, "ms", 1.1 * STRICT_MS),
        Row("lean cycle, permissive device", permissive, "ms", 1.15 * PERMISSIVE_MS),
        Row("usual set, one question at a time", await naive_ms(seconds), "ms"),
        Row("oldest reading, all tiers, strict device", await freshness_s(seconds), "s", FRESH_S),
        Row("ESS writes per s, one at a time, each with a reading", await writes_per_s(seconds, pipelined=False), "/s"),
        Row("ESS writes per s, pipelined, with readings beside", await writes_per_s(seconds, pipelined=True), "/s"),
    ]
    fast = SystemOptions(jobs=LEAN, high_speed=True)
    rows += [
        Row("lean cycle at 115200 baud, strict", await cycle_ms(seconds, options=fast), "ms"),
        Row("lean cycle at 115200 baud, permissive", await cycle_ms(seconds, "--permissive", options=fast), "ms"),
        Row("unpacker, clean input", unpack_mb_s(noisy=False), "MB/s"),
        Row("unpacker, half noise", unpack_mb_s(noisy=True), "MB/s"),
    ]
    percent, above_others, above_lean, above_libraries = await daemon_costs(seconds)
    rows += [
        Row("mk2-bridge polling at wire speed: processor", percent, "%"),
        Row("mk2-bridge: memory above third-party libraries", above_others, "MiB", MEMORY_MIB),
        Row("mk2-bridge: memory above those, loaded leanly", above_lean, "MiB"),
        Row("mk2-bridge: memory above all its libraries", above_libraries, "MiB"),
    ]
    return rows


def main() -> int:
    """Print the table and keep the figures of a whole run; return 1 when a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run that shows that it works")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    rows = asyncio.run(measure(3.0 if arguments.quick else 20.0))
    print("| figure | measured | limit | kept |\n| --- | ---: | ---: | --- |")
    print("\n".join(map(str, rows)))
    if not arguments.quick:
        about = {"python": platform.python_version(), "load average before": round(load, 1)}
        figures = {f"{row.name}, {row.unit}": round(row.value, 4) for row in rows}
        RESULTS.write_text(json.dumps(about | figures, indent=1) + "\n", encoding="utf-8")
    return int(any(row.limit is not None and row.value > row.limit for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
