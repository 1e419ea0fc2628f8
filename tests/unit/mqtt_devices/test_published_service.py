"""One service, on a bus in memory."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from mqtt_devices.controls import Controls
from mqtt_devices.protocol.effects import ServiceKey
from mqtt_devices.protocol.staleness import OnTimeout
from mqtt_devices.published_service import Identity, PublishedService
from tests.service_types import TYPES
from tests.unit.velib_async.test_settings_corners import Script
from velib_async.bus import BUS_ITEM
from velib_async.localsettings import SETTINGS_SERVICE
from velib_async.memory import MemoryBus, MemoryHub
from velib_async.names import request_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from mqtt_devices.protocol.service_types import PathRule, Value

LIMIT_S = 60.0
KEY = ServiceKey("dev", "s")


class Owner:
    """Notes what it is told; agrees to all."""

    def __init__(self) -> None:
        self.heard = 0
        self.asked: list[tuple[str, Value]] = []
        self.repeats = True
        self.answers: list[Awaitable[bool]] = []

    def hear(self, _key: ServiceKey) -> None:
        self.heard += 1

    def lose(self, _key: ServiceKey) -> None:
        raise AssertionError("nothing is lost here")

    def is_told_again(self, _key: ServiceKey, _rule: PathRule) -> bool:
        return self.repeats

    async def ask(self, _key: ServiceKey, rule: PathRule, value: Value) -> bool:
        self.asked.append((rule.path, value))
        if self.answers:
            return await self.answers.pop(0)
        return True


class Bench:
    """A service and another program that looks at it."""

    def __init__(self, service: PublishedService, owner: Owner, client: MemoryBus, name: str, settings: Script) -> None:
        self.settings = settings
        self.service = service
        self.owner = owner
        self.client = client
        self.name = name

    async def get(self, path: str) -> Any:
        (value,) = await self.client.call(self.name, path, BUS_ITEM, "GetValue")
        return None if value == [] else value

    async def set(self, path: str, value: Value) -> int:
        (code,) = await self.client.call(self.name, path, BUS_ITEM, "SetValue", "v", (value,))
        return int(code)

    async def wait_value(self, path: str, value: Value) -> None:
        async with asyncio.timeout(LIMIT_S):
            while await self.get(path) != value:  # noqa: ASYNC110 - set by a timer or a signal
                await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(kind: str, *, is_unheard: bool = False) -> AsyncIterator[Bench]:
    hub, owner = MemoryHub(), Owner()
    settings = Script(hub.connect())
    await request_name(settings.bus, SETTINGS_SERVICE)
    controls = Controls(hub.connect())
    await controls.open()
    instance, values = await controls.prepare(KEY, TYPES[kind])
    service = await PublishedService.open(
        hub.connect(),
        TYPES[kind],
        Identity(KEY, instance, "v1", "9.9", is_unheard),
        controls=controls,
        owner=owner,
        values=values,
    )
    try:
        yield Bench(service, owner, hub.connect(), f"com.victronenergy.{kind}.mqtt_dev_s", settings)
    finally:
        await service.close()
        await controls.close()


async def test_offset_of_a_temperature_counts_for_all_ways_in_and_at_once() -> None:
    async with opened("temperature") as bench:
        bench.service.write({"Temperature": 20.0})
        assert await bench.set("/Offset", -1.5) == 0
        assert await bench.get("/Temperature") == 18.5
        for _ in range(2):  # over the gateway, also the same again
            assert await bench.set("/Temperature", 30.0) == 0
            await bench.wait_value("/Temperature", 28.5)
        assert bench.owner.heard == 2


async def test_alarm_of_a_tank_is_raised_when_its_delay_is_over() -> None:
    async with opened("tank") as bench:
        bench.service.write({"Level": 95.0})
        assert await bench.get("/Alarms/High/State") == 0
        assert await bench.set("/Alarms/High/Delay", 0.05) == 0
        assert await bench.set("/Alarms/High/Enable", 1) == 0
        await bench.wait_value("/Alarms/High/State", 1)
        bench.service.write({"Level": 79.0})
        assert await bench.get("/Alarms/High/State") == 0


async def test_capacity_set_by_the_user_changes_what_remains() -> None:
    async with opened("tank") as bench:
        bench.service.write({"Level": 50.0})
        assert await bench.set("/Capacity", 0.4) == 0
        assert await bench.get("/Remaining") == 0.2


async def test_service_from_memory_is_not_connected_until_it_is_heard() -> None:
    async with opened("grid", is_unheard=True) as bench:
        assert [await bench.get(path) for path in ("/Connected", "/Ac/Power", "/ErrorCode")] == [0, None, None]
        bench.service.write({"Ac/Power": 100.0})
        assert [await bench.get(path) for path in ("/Connected", "/Ac/Power", "/ErrorCode")] == [1, 100.0, 0]


async def test_reading_that_becomes_unknown_over_the_gateway_is_heard() -> None:
    async with opened("grid", is_unheard=True) as bench:
        for count in (1, 2):  # also the same again
            assert await bench.set("/Ac/Power", None) == 0
            await bench.wait_value("/Connected", 1)
            assert bench.owner.heard == count


async def test_values_that_are_too_old_go_and_what_else_is_known_stays() -> None:
    async with opened("grid") as bench:
        bench.service.write({"Ac/Power": 100.0, "Ac/Energy/Forward": 5.0, "NrOfPhases": 3})
        bench.service.expire(OnTimeout.HOLD)
        assert await bench.get("/Ac/Power") == 100.0
        bench.service.expire(OnTimeout.ZERO)
        paths = ("/Ac/Power", "/Ac/Energy/Forward", "/NrOfPhases", "/Connected")
        assert [await bench.get(path) for path in paths] == [0, 5.0, 3, 1]
        bench.service.expire(OnTimeout.INVALID)
        assert [await bench.get(path) for path in paths] == [None, None, 3, 0]


async def test_outputs_exist_once_they_were_sent_and_the_user_can_set_them() -> None:
    async with opened("switch") as bench:
        path = "/SwitchableOutput/output_1/State"
        bench.service.write({path[1:]: 0})
        assert await bench.set(path, 1) == 0
        assert bench.owner.asked == [(path[1:], 1)]


async def test_command_that_is_given_again_is_asked_again_unless_the_owner_says_no() -> None:
    async with opened("evcharger") as bench:
        for _ in range(2):
            assert await bench.set("/StartStop", 1) == 0
        bench.owner.repeats = False
        assert await bench.set("/StartStop", 1) == 0
        assert bench.owner.asked == [("StartStop", 1)] * 2


async def test_version_changes_in_place() -> None:
    async with opened("gps") as bench:
        bench.service.set_version("v2")
        assert await bench.get("/FirmwareVersion") == "v2"


async def test_of_several_writes_at_once_the_last_one_stands() -> None:
    async with opened("evcharger") as bench:
        first: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        second: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        bench.owner.answers = [first, second]
        writes = [asyncio.create_task(bench.set("/SetCurrent", current)) for current in (8.0, 9.0)]
        async with asyncio.timeout(LIMIT_S):
            while len(bench.owner.asked) < 2:  # noqa: ASYNC110 - asked by a message
                await asyncio.sleep(0)
        first.set_result(True)  # superseded
        await bench.wait_value("/SetCurrent", 8.0)
        second.set_result(True)
        assert await asyncio.gather(*writes) == [0, 0]
        assert await bench.get("/SetCurrent") == 9.0


async def test_write_does_not_wait_for_localsettings() -> None:
    async with opened("evcharger") as bench:
        bench.settings.refusal = "org.freedesktop.DBus.Error.NoReply"
        assert await bench.set("/MaxCurrent", 16.0) == 0
        assert await bench.get("/MaxCurrent") == 16.0


async def test_write_that_is_under_way_when_the_service_closes_is_kept() -> None:
    async with opened("evcharger") as bench:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        bench.owner.answers = [answer]
        write = asyncio.create_task(bench.set("/MaxCurrent", 16.0))
        async with asyncio.timeout(LIMIT_S):
            while not bench.owner.asked:  # noqa: ASYNC110 - asked by a message
                await asyncio.sleep(0)
        closing = asyncio.create_task(bench.service.close())
        await asyncio.sleep(0)
        answer.set_result(True)
        await closing
        assert await write == 0
    assert bench.settings.values["/Settings/MqttDevices/mqtt_dev_s/MaxCurrent"] == 16.0
