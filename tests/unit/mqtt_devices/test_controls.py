"""Settings of services, against a settings service that a test scripts."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from mqtt_devices import setting_writer
from mqtt_devices.controls import Controls
from mqtt_devices.protocol.effects import ServiceKey
from mqtt_devices.protocol.service_types import PathRule, Role, ServiceType, Value, ValueKind
from tests.unit.velib_async.test_settings_corners import Script
from velib_async.bus import BUS_ITEM, UNKNOWN_OBJECT
from velib_async.errors import CallError
from velib_async.localsettings import SETTINGS_SERVICE
from velib_async.memory import MemoryHub
from velib_async.names import request_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from velib_async.bus import IncomingCall

LIMIT_S = 60.0
KEY = ServiceKey("dev", "s")
PREFIX = "/Settings/MqttDevices/mqtt_dev_s"
COUNT = PathRule(path="Count", kind=ValueKind.INTEGER, role=Role.COUNTER, default=0)
MODE = PathRule(path="Mode", kind=ValueKind.INTEGER, role=Role.SETTING, default=0)
LEVEL = PathRule(path="Level", kind=ValueKind.DOUBLE)
KIND = ServiceType("meter", {rule.path: rule for rule in (COUNT, MODE, LEVEL)})


class Localsettings(Script):
    """One from which settings can be removed."""

    def remove(self, path: str) -> None:
        del self.values[path]
        self.bus.send_signal(path, BUS_ITEM, "PropertiesChanged", "a{sv}", [{"Value": [], "Text": ""}])

    def _answer(self, call: IncomingCall) -> bool:
        if call.member in ("GetValue", "SetValue") and call.path not in self.values and self.refusal is None:
            call.refuse(UNKNOWN_OBJECT, call.path)
            return True
        return super()._answer(call)


@asynccontextmanager
async def opened(hub: MemoryHub) -> AsyncIterator[tuple[Controls, Localsettings]]:
    """Controls with the settings of one service, and the settings service."""
    script = Localsettings(hub.connect())
    await request_name(script.bus, SETTINGS_SERVICE)
    controls = Controls(hub.connect())
    await controls.open()
    try:
        assert await controls.prepare(KEY, KIND) == (1, {"Count": 0, "Mode": 0})
        yield controls, script
    finally:
        await controls.close()


@asynccontextmanager
async def writing(controls: Controls) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(controls.run()), asyncio.create_task(controls.run_counters())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def attach(controls: Controls) -> list[tuple[str, Value]]:
    """What a service is told."""
    told: list[tuple[str, Value]] = []
    controls.attach(KEY, KIND, lambda rule, value: told.append((rule.path, value)))
    return told


def remembered(controls: Controls) -> dict[str, object]:
    """The settings that would be added again after a restart of localsettings."""
    return dict(controls._opened()._settings)


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not is_true():  # noqa: ASYNC110 - looks at what has no event
            await asyncio.sleep(0.01)


async def until_written(script: Localsettings, name: str, value: Value) -> None:
    await until(lambda: script.values.get(f"{PREFIX}/{name}") == value)


async def test_counters_are_written_at_the_end_not_before() -> None:
    async with opened(MemoryHub()) as (controls, script):
        for count in range(1, 100):
            controls.count(KEY, {"Count": count})
        await asyncio.sleep(0)
        assert script.values[f"{PREFIX}/Count"] == 0
    assert script.values[f"{PREFIX}/Count"] == 99


async def test_counters_are_written_once_a_period(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting_writer, "COUNTER_PERIOD_S", 0.01)
    async with opened(MemoryHub()) as (controls, script):
        controls.count(KEY, {"Count": 7})
        async with writing(controls):
            await until_written(script, "Count", 7)


async def test_value_that_is_refused_is_named_and_taken_back_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with opened(MemoryHub()) as (controls, script), writing(controls):
        told = attach(controls)
        script.errors[f"{PREFIX}/Count"] = -1
        controls.note(KEY, {"Count": 5})
        controls.note(KEY, {"Mode": 1})
        await until_written(script, "Mode", 1)
        assert f"{PREFIX}/Count is not kept" in caplog.text
        assert told == [("Count", 0)], "D-Bus shows what is kept"


async def test_value_is_kept_as_soon_as_localsettings_answers_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(setting_writer, "RETRY_S", 0.01)
    async with opened(MemoryHub()) as (controls, script), writing(controls):
        told = attach(controls)
        script.refusal = "org.freedesktop.DBus.Error.NoReply"
        controls.note(KEY, {"Mode": 1})
        await until(lambda: "not kept yet" in caplog.text)
        controls.note(KEY, {"Mode": 2})
        await asyncio.sleep(0.05)
        script.refusal = None
        await until_written(script, "Mode", 2)
        assert caplog.text.count("not kept yet") == 1
        assert told == []


async def test_what_is_not_written_yet_is_written_at_the_end() -> None:
    async with opened(MemoryHub()) as (controls, script):
        controls.note(KEY, {"Mode": 3})
    assert script.values[f"{PREFIX}/Mode"] == 3


async def test_setting_that_somebody_removed_is_there_again_with_the_next_value() -> None:
    async with opened(MemoryHub()) as (controls, script), writing(controls):
        attach(controls)
        script.remove(f"{PREFIX}/Mode")
        controls.note(KEY, {"Mode": 4})
        await until_written(script, "Mode", 4)


async def test_removed_setting_of_a_service_that_is_gone_stays_away() -> None:
    async with opened(MemoryHub()) as (controls, script):
        attach(controls)
        controls.note(KEY, {"Mode": 4})
        script.remove(f"{PREFIX}/Mode")
        controls.detach(KEY, KIND)
    assert f"{PREFIX}/Mode" not in script.values


async def test_service_that_is_gone_is_forgotten_when_nothing_of_it_waits() -> None:
    async with opened(MemoryHub()) as (controls, script):
        attach(controls)
        controls.note(KEY, {"Mode": 5})
        controls.count(KEY, {"Count": 6})
        controls.detach(KEY, KIND)
        assert set(remembered(controls)) == {f"{PREFIX}/Mode", f"{PREFIX}/Count"}
        assert await controls.prepare(KEY, KIND) == (1, {"Count": 6, "Mode": 5}), "the latest, written or not"
        controls.detach(KEY, KIND)
        async with writing(controls):
            await until_written(script, "Mode", 5)
            await until(lambda: set(remembered(controls)) == {f"{PREFIX}/Count"})
        await controls.close()
        assert (script.values[f"{PREFIX}/Count"], remembered(controls)) == (6, {})


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
        for _ in range(100):
            await asyncio.sleep(0)
        assert told == [("Mode", 3), ("Mode", 0)]


async def test_service_is_known_by_its_instance() -> None:
    async with opened(MemoryHub()) as (controls, script):
        assert await controls.find_class(KEY) == "meter"
        script.refusal = "org.freedesktop.DBus.Error.UnknownObject"
        assert await controls.find_class(KEY) is None
        script.refusal = "org.freedesktop.DBus.Error.NoReply"
        with pytest.raises(CallError, match="NoReply"):
            await controls.find_class(KEY)
