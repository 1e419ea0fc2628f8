"""What a settings service does in rare moments, scripted; ordinary life is in tests/integration/velib_async."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from velib_async.bus import BUS_ITEM
from velib_async.errors import BusLost, CallError, SettingError, SettingTypeChanged
from velib_async.localsettings import SETTINGS_SERVICE, Setting, Settings
from velib_async.memory import MemoryBus, MemoryHub
from velib_async.names import request_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from velib_async.bus import IncomingCall

A, B = "/Settings/A", "/Settings/B"
INSTANCE = "/Settings/Devices/dev/ClassAndVrmInstance"


class Script:
    """A settings service on a MemoryHub; a test changes what it answers."""

    def __init__(self, bus: MemoryBus) -> None:
        self.bus = bus
        self.values: dict[str, Any] = {}
        self.errors: dict[str, int] = {}
        self.refusal: str | None = None
        self.refused_methods: set[str] = set()
        self.added: list[str] = []
        self.during: dict[str, Callable[[], None]] = {}  # method -> what happens before its answer arrives
        self.behind_the_answer: dict[str, Any] = {}
        bus.set_call_handler(self._answer)

    def change(self, path: str, value: Any) -> None:
        self.values[path] = value
        self.bus.send_signal(path, BUS_ITEM, "PropertiesChanged", "a{sv}", [{"Value": value, "Text": str(value)}])

    def _answer(self, call: IncomingCall) -> bool:
        self.during.get(call.member, lambda: None)()
        if self.refusal is not None or call.member in self.refused_methods:
            call.refuse(self.refusal or "com.example.Error.Ill", "on purpose")
            return True
        match call.member:
            case "AddSettings":
                call.reply("aa{sv}", [self._add(entry) for entry in call.body[0]])
                for path, value in self.behind_the_answer.items():
                    self.change(path, value)
            case "SetValue":
                code = self.errors.get(call.path, 0)
                if code == 0:
                    self.change(call.path, call.body[0])
                call.reply("i", code)
            case "GetValue":
                call.reply("v", self.values[call.path])
        return True

    def _add(self, entry: dict[str, Any]) -> dict[str, Any]:
        path = entry["path"]
        self.added.append(path)
        if path in self.errors:
            return {"error": self.errors[path], "path": path}
        return {"error": 0, "path": path, "value": self.values.setdefault(path, entry["default"])}


class Site:
    def __init__(self) -> None:
        self.hub = MemoryHub()
        self.told: list[tuple[str, Any]] = []

    async def start_service(self) -> Script:
        script = Script(self.hub.connect())
        await request_name(script.bus, SETTINGS_SERVICE)
        return script

    async def open(self) -> Settings:
        return await Settings.open(self.hub.connect(), on_change=lambda path, value: self.told.append((path, value)))


def watched(settings: Settings) -> list[str]:
    """Returns the paths of which anything is kept."""
    service = settings._service_now()
    assert service is not None
    assert service.paths == set(service.values)
    return sorted(service.values)


async def settle() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


async def test_change_right_behind_the_answer_is_newer_than_the_answer() -> None:
    site = Site()
    script = await site.start_service()
    settings = await site.open()
    script.behind_the_answer = {A: 7}
    assert await settings.add(Setting(A, 3)) == {A: 7}
    assert settings.get(A) == 7
    await settings.close()


async def test_change_of_a_setting_that_was_refused_is_not_told() -> None:
    site = Site()
    script = await site.start_service()
    settings = await site.open()
    script.errors[A] = -5
    with pytest.raises(SettingTypeChanged, match=A):
        await settings.add(Setting(A, 3), Setting(B, 3))
    script.change(A, 9)
    script.change(B, 9)
    await settle()
    assert site.told == [(B, 9)]
    with pytest.raises(KeyError):
        settings.get(A)
    await settings.close()


async def test_value_that_was_refused_stays_what_it_was() -> None:
    site = Site()
    script = await site.start_service()
    settings = await site.open()
    await settings.add(Setting(A, 3))
    script.errors[A] = -1
    with pytest.raises(SettingError, match="-1"):
        await settings.set(A, 4)
    assert (settings.get(A), site.told) == (3, [])
    await settings.close()


@pytest.mark.parametrize("signals", [True, False])
async def test_value_that_cannot_be_read_back_is_what_was_written(*, signals: bool) -> None:
    site = Site()
    script = await site.start_service()
    settings = await site.open()
    await settings.add(Setting(A, "old"))
    script.refused_methods = {"GetValue"}
    if signals:  # then what localsettings itself says counts
        script.during["GetValue"] = lambda: script.change(A, "new, as stored")
    else:
        script.change = lambda path, value: script.values.update({path: value})  # type: ignore[method-assign]
    await settings.set(A, "new")
    stored = "new, as stored" if signals else "new"
    assert settings.get(A) == stored
    assert site.told[-1] == (A, stored)
    assert (A, None) not in site.told
    await settings.close()


async def test_forgotten_setting_is_neither_told_nor_added_again() -> None:
    site = Site()
    script = await site.start_service()
    settings = await site.open()
    await settings.add(Setting(A, 3), Setting(B, 3))
    settings.forget([A, "/Settings/Unknown"])
    script.change(A, 7)
    script.change(B, 7)
    await settle()
    assert site.told == [(B, 7)]
    with pytest.raises(KeyError):
        settings.get(A)
    assert watched(settings) == [B]
    await script.bus.close()
    settings.forget([B])  # while there is no localsettings
    later = await site.start_service()
    await settle()
    assert later.added == []
    assert watched(settings) == []
    assert await settings.add(Setting(A, 9)) == {A: 9}
    later.change(A, 5)
    await settle()
    assert site.told[-1] == (A, 5)
    await settings.close()


@pytest.mark.parametrize("method", ["SetValue", "GetValue", "AddSettings"])
async def test_setting_that_is_forgotten_while_localsettings_answers_stays_forgotten(method: str) -> None:
    site = Site()
    script = await site.start_service()
    settings = await site.open()
    await settings.add(Setting(A, 3), Setting(B, 3))
    if method == "AddSettings":
        await script.bus.close()
        script = Script(site.hub.connect())
        script.values[A] = 8
        script.during[method] = lambda: settings.forget([A])
        await request_name(script.bus, SETTINGS_SERVICE)
        await settle()
    else:
        script.during[method] = lambda: settings.forget([A])
        await settings.set(A, 8)
    script.change(A, 9)
    await settle()
    assert watched(settings) == [B]
    assert (A, 9) not in site.told
    with pytest.raises(KeyError):
        settings.get(A)
    await settings.close()


async def test_localsettings_that_comes_back_ill_is_reported_and_survived(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    script = await site.start_service()
    settings = await site.open()
    await settings.add(Setting(A, 3), Setting(B, 3))
    await script.bus.close()
    ill = Script(site.hub.connect())
    ill.refusal = "com.example.Error.Ill"
    await request_name(ill.bus, SETTINGS_SERVICE)
    await settle()
    assert "com.example.Error.Ill" in caplog.text
    assert settings.get(A) == 3
    await ill.bus.close()
    partial = Script(site.hub.connect())
    partial.errors[A] = -5
    partial.values[B] = 8
    await request_name(partial.bus, SETTINGS_SERVICE)
    await settle()
    assert "exists with another type" in caplog.text
    assert (settings.get(A), settings.get(B), site.told) == (3, 8, [(B, 8)])
    await settings.close()


async def test_call_that_fails_is_an_error() -> None:
    site = Site()
    script = await site.start_service()
    settings = await site.open()
    script.refusal = "com.example.Error.Ill"
    with pytest.raises(CallError, match="Ill"):
        await settings.add(Setting(A, 3))
    await settings.close()


@pytest.mark.parametrize("stored", ["tank:x", "tank:", "tank", "", "battery:5", 7])
async def test_stored_instance_that_makes_no_sense_is_replaced(stored: Any) -> None:
    site = Site()
    script = await site.start_service()
    settings = await site.open()
    script.values[INSTANCE] = stored
    assert await settings.allocate_instance("dev", "tank", 12) == 12
    assert script.values[INSTANCE] == "tank:12"
    await settings.close()


async def test_callback_that_raises_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    script = await site.start_service()
    settings = await Settings.open(site.hub.connect(), on_change=lambda _path, _value: 1 / 0)
    await settings.add(Setting(A, 3))
    script.change(A, 4)
    await settle()
    assert settings.get(A) == 4
    assert "ZeroDivisionError" in caplog.text
    await settings.close()


async def test_bus_that_goes_ends_everything() -> None:
    site = Site()
    await site.start_service()
    settings = await site.open()
    await settings.add(Setting(A, 3))
    watching = asyncio.ensure_future(settings.wait_lost())
    await asyncio.sleep(0)
    site.hub.stop()
    with pytest.raises(BusLost):
        await watching
    with pytest.raises(BusLost):
        await settings.set(A, 4)
    await settings.close()
