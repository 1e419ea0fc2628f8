"""The whole bridge in simulated time: noise, boots, sleep and pulled plugs, and every published value is checked."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mk2.permissions import Permissions
from mk2_bridge.bridge import Bridge
from mk2_bridge.options import Options
from simulators.multiplus.assembly import Layout, assemble
from simulators.multiplus.memory_line import MemoryLine
from velib_async.bus import BUS_ITEM
from velib_async.memory import MemoryHub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simulators.multiplus.interface import Interface

EVENT_S = 120.0
"""A boot, a sleep or a pulled plug this often, on average."""


class Soak:
    """One bridge on a simulated system that is treated badly.

    Attributes:
        wrong: published values that were not true.
        checked: how many were compared.
        events: what was done to the system.
    """

    def __init__(
        self, interface: Interface, bridge: Bridge, lines: list[MemoryLine], hub: MemoryHub, seed: int
    ) -> None:
        self.interface = interface
        self.hub = hub
        self.bridge = bridge
        self.wrong: list[str] = []
        self.checked = 0
        self.connected = 0
        self.events: Counter[str] = Counter()
        self._lines = lines
        self._caller = hub.connect()
        self._random = random.Random(seed)  # noqa: S311  # chance, not a secret

    async def set(self, path: str, value: Any) -> int:
        """Write to the service as another program does."""
        (code,) = await self._caller.call(self.bridge.name, path, BUS_ITEM, "SetValue", "v", [value])
        return int(code)

    def __getitem__(self, path: str) -> Any:
        assert self.bridge.publisher is not None
        return self.bridge.publisher.service[path]

    async def run(self, seconds: float) -> None:
        """Let simulated time pass."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            pause = self._random.expovariate(1 / EVENT_S)
            for _ in range(int(pause) + 1):
                await asyncio.sleep(1.0)
                self._check()
            getattr(self, self._random.choice(["boot", "sleep", "unplug", "dirt"]))()

    def boot(self) -> None:
        """Power the device up again."""
        self.events["boot"] += 1
        self.interface.boot(asyncio.get_running_loop().time())

    def sleep(self) -> None:
        """Let the bus sleep for a minute."""
        self.events["sleep"] += 1
        self.interface.sleep()
        loop = asyncio.get_running_loop()
        loop.call_later(60, lambda: self.interface.boot(loop.time()))

    def unplug(self) -> None:
        """Pull the plug."""
        self.events["unplug"] += 1
        self._lines[-1].unplug()

    def dirt(self) -> None:
        """Make the line worse or better."""
        self.events["dirt"] += 1
        trouble = self.interface.trouble
        rate = self._random.choice([0.0, 0.002, 0.02])
        trouble.flipped = trouble.lost_byte = trouble.cut = trouble.noise = trouble.dropped = rate

    def _check(self) -> None:
        publisher = self.bridge.publisher
        if publisher is None:
            return
        service, plant = publisher.service, self.interface.plant
        self.connected += int(service["/Connected"])
        now = asyncio.get_running_loop().time()
        # A reading may be as old as what is still published; within that time this is how far the truth can move.
        truth: list[tuple[str, float, float]] = [
            ("/Dc/0/Voltage", plant.battery_v(now), 0.4),
            ("/Ac/Out/L1/P", plant.phase(0, now).output_w, 60),
            ("/Ac/ActiveIn/L1/P", plant.phase(0, now).mains_w, 60),
            ("/Ac/ActiveIn/L1/V", plant.phase(0, now).mains_v, 4),
            ("/State", 3, 0),
            ("/Mode", 3, 0),
            ("/Ac/In/1/CurrentLimit", 16.0, 0),
            ("/Alarms/Overload", 0, 0),
            ("/Alarms/LowBattery", 0, 0),
        ]
        for path, expected, tolerance in truth:
            value: Any = service[path]
            if value is not None:
                self.checked += 1
                if abs(value - expected) > tolerance:
                    self.wrong.append(f"{now:.0f} s: {path} is {value}, not {expected:.2f}")


@asynccontextmanager
async def soak(
    directory: Path, seed: int = 1, *, permissions: Permissions | None = None, layout: Layout | None = None
) -> AsyncIterator[Soak]:
    """Set a bridge up in memory."""
    hub = MemoryHub()
    interface = assemble(layout or Layout(seed=seed))
    lines: list[MemoryLine] = []

    async def open_line() -> MemoryLine:
        lines.append(MemoryLine(interface))
        del lines[:-1]
        return lines[-1]

    async def connect() -> Any:
        return hub.connect()

    bridge = Bridge(
        Options(tty="/dev/ttyUSB0", permissions=permissions or Permissions()),
        version="0",
        state_file=directory / "state.json",
        connect=connect,
        open_line=open_line,
    )
    tasks = [
        asyncio.create_task(job) for job in (bridge.system.run(), bridge.publish_for_ever(), bridge.controls.run())
    ]
    try:
        await bridge.wait_known()
        await bridge.appear()
        yield Soak(interface, bridge, lines, hub, seed)
    finally:
        await bridge.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()
