from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from obd_server.display_units import SPEED, TEMPERATURE, choose_system, read_system
from simulators.gx.settings import SettingsSimulator
from velib_async import open_bus
from velib_async.settings import Settings
from velib_async.settings_service import Setting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.peers.dbus import DBusDaemon


@pytest.mark.parametrize(
    ("speed", "temperature", "system"),
    [
        ("km/h", "celsius", "metric"),
        ("mph", "celsius", "imperial"),
        ("km/h", "fahrenheit", "metric"),
        ("kt", "fahrenheit", "imperial"),
        ("kt", "celsius", "metric"),
        (None, "fahrenheit", "imperial"),
        ("m/s", "", "metric"),
        ("kt", "", None),
        (None, None, None),
        (5, [], None),
    ],
)
def test_the_gxs_choice_decides(speed: object, temperature: object, system: str | None) -> None:
    assert choose_system(speed, temperature) == system


@pytest.mark.peer
async def test_settings_are_read_when_they_exist_and_never_added(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    bus = await open_bus(dbus_daemon.address)
    assert await read_system(bus) is None  # no localsettings at all
    async with SettingsSimulator(dbus_daemon.address, file=tmp_path / "settings.xml"):
        assert await read_system(bus) is None
        settings = await Settings.open(bus)
        await settings.add(Setting(SPEED, "km/h"), Setting(TEMPERATURE, ""))
        assert await read_system(bus) == "metric"
        await settings.set(SPEED, "mph")
        assert await read_system(bus) == "imperial"
        await settings.close()
    await bus.close()
    stored = (tmp_path / "settings.xml").read_text()
    assert "SpeedUnit" in stored
