"""The shell around the export limit: what it reads from other services, and what it does not wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from modbus_client.limiter import Limiter
from modbus_client.protocol.exportlimit import ExportLimitConfig
from velib_async import CallTimeout
from velib_async.memory import MemoryHub

if TYPE_CHECKING:
    from modbus_client.fleet import Fleet
    from velib_async.localsettings import Settings

PATIENCE_S = 20.0


class Fleetless:
    """A fleet without the inverter."""

    units: tuple[Any, ...] = ()


class AwaySettings:
    """A localsettings that has gone away, or hangs, when something is written; `force` asks for derating."""

    def __init__(self, *, hangs: bool) -> None:
        self.hangs = hangs
        self.writes = 0
        self.again = asyncio.Event()  # it was written to twice

    async def add(self, *_: object) -> dict[str, Any]:
        return {}

    def get(self, path: str) -> int:
        return int(path.endswith("/forceDerateGeneration"))

    async def set(self, *_: object) -> None:
        self.writes += 1
        if self.writes > 1:
            self.again.set()
        if self.hangs:
            await asyncio.Event().wait()
        raise CallTimeout("org.freedesktop.DBus.Error.NoReply")


@pytest.mark.parametrize("hangs", [False, True])
async def test_it_goes_on_without_localsettings(*, hangs: bool) -> None:
    fleet, settings = Fleetless(), AwaySettings(hangs=hangs)
    limiter = Limiter(ExportLimitConfig("pv_1", by_energy=True), cast("Fleet", fleet), cast("Settings", settings))
    running = asyncio.create_task(limiter.run(MemoryHub().connect()))
    again = asyncio.create_task(settings.again.wait())
    await asyncio.wait((running, again), timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    assert again.done()
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert limiter.status == "there is no inverter pv_1 yet; nothing is limited"
