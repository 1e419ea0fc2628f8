"""The examples of docs/examples/velib_async, run as a reader would run them, with both libraries."""

from __future__ import annotations

import asyncio
import math
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simulators.gx.settings import SettingsSimulator
from tests.peers.process import Peer
from velib_async.bus import BUS_ITEM, open_bus

if TYPE_CHECKING:
    from tests.peers.dbus import DBusDaemon

pytestmark = [pytest.mark.peer, pytest.mark.unguarded, pytest.mark.parametrize("library", ["dbus_next", "dbus_fast"])]

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLES = REPOSITORY / "docs/examples/velib_async"
NAME = "com.victronenergy.grid.example"


def example(name: str, daemon: DBusDaemon, *arguments: str) -> Peer:
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY / "lib"), "DBUS_SESSION_BUS_ADDRESS": daemon.address}
    return Peer(name, [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments], env=env)


async def output(peer: Peer, text: str) -> None:
    await asyncio.to_thread(peer.wait_output, text)


async def test_service_and_monitor(dbus_daemon: DBusDaemon, library: str) -> None:
    with example("service.py", dbus_daemon, library) as service:
        await output(service, "registered")
        with example("monitor.py", dbus_daemon, library) as monitor:
            await output(monitor, f"{NAME} is there: /Int is")
            await output(monitor, "result 0")
            await output(monitor, f"{NAME}/Int changed to 44")
            await output(monitor, f"{NAME}/Double changed to 55.5")
            # The service goes on counting: at which number depends on when the monitor came.
            own = re.compile(rf"{NAME}/Int changed to (\d+)\n{NAME}/Double changed to ([\d.]+)\n")
            written = f"{NAME}/Double changed to 55.5\n"

            def has_changed() -> bool:
                return own.search(monitor.output.partition(written)[2]) is not None

            await asyncio.to_thread(monitor.wait_until, has_changed, "for its own changes")
            number, double = own.findall(monitor.output)[-1]
            assert float(double) == pytest.approx(int(number) * math.pi)
            service.send(signal.SIGINT)
            await output(monitor, f"{NAME} has left")
            await output(monitor, f"{NAME}/Int changed to None")


async def test_monitor_with_a_callback(dbus_daemon: DBusDaemon, library: str) -> None:
    with (
        example("monitor_callback.py", dbus_daemon, library) as monitor,
        example("service.py", dbus_daemon, library),
    ):
        await output(monitor, f"{NAME}/Int changed to 2; 1 grid meters")


async def test_service_takes_writes_of_both_kinds(dbus_daemon: DBusDaemon, library: str) -> None:
    with example("service.py", dbus_daemon, library) as service:
        await output(service, "registered")
        bus = await open_bus(dbus_daemon.address)
        assert await bus.call(NAME, "/Text", BUS_ITEM, "SetValue", "v", ["other"]) == [0]
        assert await bus.call(NAME, "/Text", BUS_ITEM, "GetValue") == ["other"]
        await bus.close()


async def test_settings(dbus_daemon: DBusDaemon, library: str) -> None:
    with example("settings.py", dbus_daemon, library) as settings:  # before localsettings: it waits
        async with SettingsSimulator(dbus_daemon.address):
            await output(settings, "A 3")
            await output(settings, "B x")
            await output(settings, "result 0")
            await output(settings, "/Settings/Example/OptionA is now 5")


async def test_daemon(dbus_daemon: DBusDaemon, library: str) -> None:
    async with SettingsSimulator(dbus_daemon.address):
        with example("daemon.py", dbus_daemon, dbus_daemon.address) as daemon:
            await output(daemon, "registered with instance 24")
            bus = await open_bus(dbus_daemon.address, library="dbus_next" if library == "dbus_next" else "dbus_fast")
            name, path = "com.victronenergy.temperature.example", "/TemperatureType"
            results = [await bus.call(name, path, BUS_ITEM, "SetValue", "v", [value]) for value in (4, 3, 7)]
            assert results == [[0], [2], [1]]
            assert await bus.call(name, "/Temperature", BUS_ITEM, "GetText") == ["21.5 °C"]
            await bus.close()
            dbus_daemon.kill()
            assert await asyncio.to_thread(daemon.wait) == 1
            assert "has ended" in daemon.output
