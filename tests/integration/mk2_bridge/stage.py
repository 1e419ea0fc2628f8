"""The daemon as a process, on a private bus with a simulated GX, talking to a simulated MultiPlus on a pty."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulators.gx.settings import SettingsSimulator
from simulators.multiplus.assembly import Layout, assemble
from simulators.multiplus.pty_port import PtyPort
from velib_async.bus import BUS_ITEM, Bus, open_bus
from velib_async.errors import CallError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from simulators.multiplus.interface import Interface

REPOSITORY = Path(__file__).resolve().parents[3]
SERVICE = "com.victronenergy.vebus.ttyMK3"
LIMIT_S = 40.0
"""Everything here takes seconds; this is for a machine that does ten other things."""

POLL_S = 0.4
TOO_LATE = "no answer within"
"""What the daemon says when it has to refuse because the device did not answer in time."""


async def eventually(is_true: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(LIMIT_S):
        while not is_true():  # noqa: ASYNC110  # it holds in another process
            await asyncio.sleep(0.05)


@dataclass
class Stage:
    bus: Bus
    interface: Interface
    port: PtyPort
    process: asyncio.subprocess.Process
    directory: Path
    service: str = SERVICE

    async def get(self, path: str) -> Any:
        (value,) = await self.bus.call(self.service, path, BUS_ITEM, "GetValue")
        return None if value == [] else value

    async def items(self) -> dict[str, Any]:
        (items,) = await self.bus.call(self.service, "/", BUS_ITEM, "GetItems")
        return {path: None if item["Value"] == [] else item["Value"] for path, item in items.items()}

    async def set(self, path: str, value: Any) -> int:
        (code,) = await self.bus.call(self.service, path, BUS_ITEM, "SetValue", "v", [value])
        return int(code)

    async def accept(self, path: str, value: Any) -> None:
        """Write a value that is to be accepted; again when the answer came too late, as it may on a busy machine."""
        async with asyncio.timeout(LIMIT_S):
            told = self.log().count(TOO_LATE)
            while await self.set(path, value) != 0:
                told += 1
                assert self.log().count(TOO_LATE) == told, self.log()

    async def wait_value(self, path: str, *wanted: Any) -> Any:
        """Wait until a path has one of the values, or any known value when none is named."""
        value: Any = None
        try:
            async with asyncio.timeout(LIMIT_S):
                while True:
                    try:
                        value = await self.get(path)
                    except CallError:
                        value = None
                    if value in wanted if wanted else value is not None:
                        return value
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{path} is {value!r}, waited for {wanted}; log: {self.log()}") from None

    def log(self) -> str:
        return (self.directory / "log").read_text(encoding="utf-8")[-3000:]

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT_S):
            return await self.process.wait()


@asynccontextmanager
async def stage(
    address: str,
    directory: Path,
    *,
    layout: Layout | None = None,
    config: str = "",
    wait: bool = True,
    hurry: bool = True,
    daemon_address: str | None = None,
) -> AsyncIterator[Stage]:
    """Set everything up, and take it down whatever happens.

    With `hurry` the simulated system answers at once, and is polled no faster than a real one. The daemon reaches the
    bus at `daemon_address`, when that is another.
    """
    link = directory / "ttyMK3"
    (directory / "conf" / "venus-daemons").mkdir(parents=True)
    if hurry:
        config += f"poll_period: {POLL_S}\n"
    (directory / "conf" / "venus-daemons" / "mk2-bridge.yml").write_text(f"tty: {link}\n{config}", encoding="utf-8")
    layout = layout or Layout()
    interface = assemble(layout.hurried() if hurry else layout)
    environment = {
        **os.environ,
        "PYTHONPATH": f"{REPOSITORY / 'lib'}:{REPOSITORY / 'daemons'}",
        "VENUS_DAEMONS_DATA": str(directory),
        "VENUS_DAEMONS_RUN": str(directory / "run"),
    }
    async with SettingsSimulator(address), PtyPort(interface, link=link) as port:
        bus = await open_bus(address)
        with (directory / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "mk2_bridge",
                "-b",
                daemon_address or address,
                env=environment,
                stdout=log,
                stderr=log,
            )
        found = Stage(bus, interface, port, process, directory)
        try:
            if wait:
                await found.wait_value("/Connected", 1)
                await found.wait_value("/State")
            yield found
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await bus.close()
