"""Settings of services, against a settings service that a test scripts."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from mqtt_devices import controls as controls_module
from mqtt_devices.controls import Controls
from mqtt_devices.protocol.effects import ServiceKey
from mqtt_devices.protocol.service_types import PathRule, Role, ServiceType, Value, ValueKind
from tests.unit.velib_async.test_settings_corners import Script
from velib_async.localsettings import SETTINGS_SERVICE
from velib_async.memory import MemoryHub
from velib_async.names import request_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

LIMIT_S = 60.0
KEY = ServiceKey("dev", "s")
PREFIX = "/Settings/MqttDevices/mqtt_dev_s"
COUNT = PathRule(path="Count", kind=ValueKind.INTEGER, role=Role.COUNTER, default=0)
MODE = PathRule(path="Mode", kind=ValueKind.INTEGER, role=Role.SETTING, default=0)
LEVEL = PathRule(path="Level", kind=ValueKind.DOUBLE)
KIND = ServiceType("meter", {rule.path: rule for rule in (COUNT, MODE, LEVEL)})


@asynccontextmanager
async def opened(hub: MemoryHub) -> AsyncIterator[tuple[Controls, Script]]:
    """Controls with the settings of one service, and the settings service."""
    script = Script(hub.connect())
    await request_name(script.bus, SETTINGS_SERVICE)
    controls = Controls(hub.connect())
    await controls.open()
    try:
        assert await controls.prepare(KEY, KIND) == (1, {"Count": 0, "Mode": 0})
        yield controls, script
    finally:
        await controls.close()


async def until_written(script: Script, name: str, value: Value) -> None:
    async with asyncio.timeout(LIMIT_S):
        while script.values[f"{PREFIX}/{name}"] != value:  # noqa: ASYNC110 - written by a task
            await asyncio.sleep(0.01)


async def test_counters_are_written_at_the_end_not_before() -> None:
    async with opened(MemoryHub()) as (controls, script):
        for count in range(1, 100):
            controls.count(KEY, {"Count": count})
        await asyncio.sleep(0)
        assert script.values[f"{PREFIX}/Count"] == 0
    assert script.values[f"{PREFIX}/Count"] == 99


async def test_counters_are_written_once_a_period(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls_module, "COUNTER_PERIOD_S", 0.01)
    async with opened(MemoryHub()) as (controls, script):
        writing = asyncio.create_task(controls.run_counters())
        controls.count(KEY, {"Count": 7})
        await until_written(script, "Count", 7)
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing


async def test_change_that_is_refused_is_named_and_counts_as_refused(caplog: pytest.LogCaptureFixture) -> None:
    async with opened(MemoryHub()) as (controls, script):
        assert await controls.change(KEY, MODE, 1)
        script.errors[f"{PREFIX}/Mode"] = -1
        assert not await controls.change(KEY, MODE, 2)
        assert f"{PREFIX}/Mode is not kept" in caplog.text
        assert script.values[f"{PREFIX}/Mode"] == 1


async def test_what_a_device_sets_is_kept_and_a_refusal_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with opened(MemoryHub()) as (controls, script):
        writing = asyncio.create_task(controls.run())
        script.errors[f"{PREFIX}/Count"] = -1
        controls.note(KEY, {"Count": 5})
        controls.note(KEY, {"Mode": 1})
        await until_written(script, "Mode", 1)
        assert f"{PREFIX}/Count is not kept" in caplog.text
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing


async def test_change_from_elsewhere_is_told_within_the_rule_until_nobody_wants_it() -> None:
    async with opened(MemoryHub()) as (controls, script):
        told: list[tuple[str, Value]] = []
        controls.attach(KEY, KIND, lambda rule, value: told.append((rule.path, value)))
        script.change(f"{PREFIX}/Mode", 3)
        script.change(f"{PREFIX}/Mode", "nonsense")
        async with asyncio.timeout(LIMIT_S):
            while len(told) < 2:  # noqa: ASYNC110 - told by a signal
                await asyncio.sleep(0)
        controls.detach(KEY, KIND)
        script.change(f"{PREFIX}/Mode", 4)
        await controls.change(KEY, COUNT, 1)  # behind the signal
        assert told == [("Mode", 3), ("Mode", 0)]


async def test_service_is_known_by_its_instance_of_the_same_type() -> None:
    async with opened(MemoryHub()) as (controls, script):
        assert await controls.knows(KEY, KIND)
        assert not await controls.knows(KEY, ServiceType("tank", {}))
        script.refusal = "org.freedesktop.DBus.Error.UnknownObject"
        assert not await controls.knows(ServiceKey("other", "s"), KIND)
