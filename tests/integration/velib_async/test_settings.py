"""Settings against a settings service that behaves like localsettings, on both libraries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from simulators.gx.settings import SettingsSimulator
from tests.contract.network import until
from velib_async import errors
from velib_async.bus import BUS_ITEM, Bus, Library, open_bus
from velib_async.localsettings import SETTINGS_SERVICE, Setting, Settings
from velib_async.values import make_variant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded]

A, B, C = "/Settings/Test/A", "/Settings/Test/B", "/Settings/Test/Deep/C"


@pytest.fixture(params=["dbus_fast", "dbus_next"])
async def bus(dbus_daemon: DBusDaemon, request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    library: Library = "dbus_next" if request.param == "dbus_next" else "dbus_fast"
    bus = await open_bus(dbus_daemon.address, library=library)
    yield bus
    await bus.close()


async def write(bus: Bus, path: str, value: Any) -> None:
    """Writes as somebody else does."""
    assert await bus.call(SETTINGS_SERVICE, path, BUS_ITEM, "SetValue", "v", [value]) == [0]


async def test_settings_are_added_read_and_written_with_their_types(dbus_daemon: DBusDaemon, bus: Bus) -> None:
    async with SettingsSimulator(dbus_daemon.address):
        settings = await Settings.open(bus)
        values = await settings.add(Setting(A, 3, 0, 5), Setting(B, "x"), Setting(C, 1.5, silent=True))
        assert values == {A: 3, B: "x", C: 1.5}
        await settings.set(A, 5)
        await settings.set(B, "päth")
        await settings.set(C, 2)
        assert (settings.get(A), settings.get(B), settings.get(C)) == (5, "päth", 2.0)
        assert type(settings.get(C)) is float
        with pytest.raises(errors.SettingError, match="-1"):
            await settings.set(A, 6)
        with pytest.raises(errors.SettingError, match="-1"):
            await settings.set(B, None)
        assert (settings.get(A), settings.get(B)) == (5, "päth")
        with pytest.raises(KeyError, match="not been added"):
            settings.get("/Settings/Test/Unknown")
        # Adding again keeps the value.
        assert await settings.add(Setting(A, 1, 0, 5)) == {A: 5}
        await settings.close()


async def test_changes_by_others_are_told_once(dbus_daemon: DBusDaemon, bus: Bus) -> None:
    told: list[tuple[str, Any]] = []
    async with SettingsSimulator(dbus_daemon.address):
        settings = await Settings.open(bus, on_change=lambda path, value: told.append((path, value)))
        await settings.add(Setting(A, 3), Setting(B, "x"))
        other = await open_bus(dbus_daemon.address)
        await write(other, A, 4)
        await write(other, A, 4)
        await until(lambda: told)
        await settings.set(B, "y")
        await until(lambda: len(told) == 2)
        await asyncio.sleep(0.1)
        assert told == [(A, 4), (B, "y")]
        assert settings.get(A) == 4
        await settings.close()
        await other.close()


async def test_refusals_have_names_and_the_other_settings_stay(dbus_daemon: DBusDaemon, bus: Bus) -> None:
    async with SettingsSimulator(dbus_daemon.address):
        settings = await Settings.open(bus)
        await settings.add(Setting(A, 3), Setting(C, 1))
        boolean, pathless = Setting(B, 1), Setting(B, 1)
        boolean["default"] = make_variant(True)
        pathless["path"] = make_variant(7)
        refused: list[tuple[Setting, type[errors.SettingError], int]] = [
            (Setting("/Settings/Test/_B", 1), errors.SettingPathRefused, -2),
            (boolean, errors.SettingTypeUnknown, -3),
            (pathless, errors.SettingPathMissing, -4),
            (Setting(A, "text"), errors.SettingTypeChanged, -5),
            (Setting("/Settings/Devices/x/ClassAndVrmInstance", "nonsense"), errors.SettingDefaultRefused, -6),
            (Setting(B, 9, 0, 5), errors.SettingOutOfRange, -7),
            (Setting("/Settings/Test/Deep", 1), errors.SettingIsGroup, -8),
            (Setting("/Elsewhere/B", 1), errors.SettingNotUnderRoot, -9),
        ]
        for number, (setting, kind, code) in enumerate(refused):
            good = f"/Settings/Test/Good{number}"
            with pytest.raises(kind) as caught:
                await settings.add(setting, Setting(good, number))
            assert type(caught.value) is kind
            assert caught.value.code == code
            assert settings.get(good) == number
        await settings.close()


async def test_open_waits_for_localsettings(dbus_daemon: DBusDaemon, bus: Bus) -> None:
    opening = asyncio.ensure_future(Settings.open(bus))
    await asyncio.sleep(0.3)
    assert not opening.done()
    async with SettingsSimulator(dbus_daemon.address):
        settings = await asyncio.wait_for(opening, 30)
        assert await settings.add(Setting(A, 3)) == {A: 3}
        await settings.close()


async def test_restart_of_localsettings_is_survived(dbus_daemon: DBusDaemon, bus: Bus, tmp_path: Path) -> None:
    told: list[tuple[str, Any]] = []
    file = tmp_path / "settings.xml"
    async with SettingsSimulator(dbus_daemon.address, file=file):
        settings = await Settings.open(bus, on_change=lambda path, value: told.append((path, value)))
        await settings.add(Setting(A, 3), Setting(B, "x"))
        await settings.set(A, 4)
    writing = asyncio.ensure_future(settings.set(B, "while it was away"))
    await asyncio.sleep(0.1)
    assert not writing.done()
    async with SettingsSimulator(dbus_daemon.address):  # without its file: it has forgotten everything
        await asyncio.wait_for(writing, 30)
        await until(lambda: settings.get(A) == 3)
        other = await open_bus(dbus_daemon.address)
        await write(other, A, 5)
        await until(lambda: settings.get(A) == 5)
        await other.close()
    assert told[0] == (A, 4)
    assert sorted(told[1:3]) == [(A, 3), (B, "while it was away")]
    assert told[3:] == [(A, 5)]
    await settings.close()


async def test_instances_are_allocated_and_kept(dbus_daemon: DBusDaemon, bus: Bus) -> None:
    async with SettingsSimulator(dbus_daemon.address):
        settings = await Settings.open(bus)
        assert await settings.allocate_instance("dev_a", "tank", 20) == 20
        assert await settings.allocate_instance("dev_b", "tank", 20) == 21
        assert await settings.allocate_instance("dev_c", "temperature", 20) == 20
        assert await settings.allocate_instance("dev_a", "tank", 50) == 20  # as it was
        assert await settings.allocate_instance("dev_b", "temperature", 20) == 21  # another class: anew
        assert settings.get("/Settings/Devices/dev_b/ClassAndVrmInstance") == "temperature:21"
        for bad in ("", "_x", "a-b", "a/b"):
            with pytest.raises(ValueError, match="device id"):
                await settings.allocate_instance(bad, "tank")
        with pytest.raises(ValueError, match="device class"):
            await settings.allocate_instance("ok", "Tank:1")
        await settings.close()


async def test_lost_bus_ends_the_waiting(dbus_daemon: DBusDaemon, bus: Bus) -> None:
    opening = asyncio.ensure_future(Settings.open(bus))
    await asyncio.sleep(0.1)
    dbus_daemon.kill()
    with pytest.raises(errors.BusLost):
        await asyncio.wait_for(opening, 30)
