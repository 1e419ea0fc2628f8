"""All devices end together, whatever each of them ends with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from modbus_client import fleet as fleet_module
from modbus_client.configuration import Configuration
from modbus_client.fleet import Fleet
from modbus_client.hooks import HOOKS
from modbus_client.house import House, Memory
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.protocol.spec import parse_spec
from velib_async import BusLost

if TYPE_CHECKING:
    from pathlib import Path

GOES, STAYS = parse_spec("tcp:127.0.0.1:1:1"), parse_spec("tcp:127.0.0.1:1:2")


class FakeUnit:
    """In place of a device's life on D-Bus; `fail` ends one as the end of the bus does."""

    ended: list[str]
    fail: asyncio.Event

    def __init__(self, config: Any, _device: object, line: Any, _house: House) -> None:
        self.config, self.line = config, line

    async def run(self) -> None:
        try:
            if self.config.spec == GOES:
                await self.fail.wait()
                raise BusLost("gone")
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # a service leaves the bus
            self.ended.append(str(self.config.spec))


async def serve(house: House, first: str) -> None:
    async with Fleet(Configuration(), load_catalogue(HOOKS), HOOKS, house) as fleet:
        await fleet.add(GOES)
        await fleet.add(STAYS)
        await asyncio.sleep(0)
        if first == "nothing":
            return
        FakeUnit.fail.set()
        if first == "device":
            await asyncio.sleep(3600)
        raise BusLost("gone")


@pytest.mark.parametrize("first", ["device", "daemon"])
async def test_a_device_that_fails_while_the_daemon_ends_keeps_no_other_from_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    FakeUnit.ended, FakeUnit.fail = [], asyncio.Event()
    monkeypatch.setattr(fleet_module, "Unit", FakeUnit)
    house = House(cast("Any", None), Memory(tmp_path / "state.json"), "", None, "1")
    with pytest.raises(BaseExceptionGroup) as caught:
        await serve(house, first)
    assert sorted(FakeUnit.ended) == [str(GOES), str(STAYS)]
    unexpected = caught.value.split(BusLost)[1]
    assert unexpected is None
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_devices_end_with_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeUnit.ended, FakeUnit.fail = [], asyncio.Event()
    monkeypatch.setattr(fleet_module, "Unit", FakeUnit)
    await serve(House(cast("Any", None), Memory(tmp_path / "state.json"), "", None, "1"), "nothing")
    assert sorted(FakeUnit.ended) == [str(GOES), str(STAYS)]
