"""Whatever comes last, the daemon waits for it without spinning; and what goes away is dealt with."""

from __future__ import annotations

import asyncio
import os
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.mqtt_devices.bus_proxy import BusProxy
from tests.integration.mqtt_devices.gx import PORTAL, temperature

if TYPE_CHECKING:
    from tests.integration.mqtt_devices.gx import GX

pytestmark = pytest.mark.peer


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# Every day each part comes last once.
ORDERS = [
    pytest.param(order, marks=[pytest.mark.only_long] if order[0] > order[1] else [])
    for order in permutations(("broker", "settings", "system"))
]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
async def test_daemon_starts_before_everything_it_needs(gx: GX, order: tuple[str, ...]) -> None:
    await asyncio.to_thread(gx.broker.stop)
    daemon = await gx.start_daemon()
    for part in order:
        if part == "broker":
            await asyncio.to_thread(gx.broker.start)
            await gx.start("client")
            # It may have looked for the broker in vain before.
            await gx.wait(lambda: any(word in daemon.output for word in ("is connected", "is back")), "connected")
            await gx.status()
        else:
            await gx.start(part)
    assert (await gx.receive("device/fe001/DBus"))["portalId"] == PORTAL
    assert temperature() in await gx.names()


async def test_waiting_costs_next_to_nothing(gx: GX) -> None:
    await asyncio.to_thread(gx.broker.stop)
    daemon = await gx.start_daemon()
    await gx.wait_log("is down")
    await asyncio.sleep(0.5)
    before_s = cpu_s(daemon.pid)
    await asyncio.sleep(3.0)
    assert cpu_s(daemon.pid) - before_s < 0.5, "spins while it waits"


async def test_portal_id_comes_from_the_file_when_the_system_service_is_missing(gx: GX) -> None:
    file = gx.directory / "data" / "venus" / "unique-id"
    await asyncio.to_thread(file.parent.mkdir, parents=True)
    await asyncio.to_thread(file.write_text, "aabbccddeeff\n")
    await gx.start("settings", "client")
    await gx.start_daemon()
    await gx.wait_log("is connected")
    assert (await gx.register())["portalId"] == "aabbccddeeff"


async def test_lost_bus_ends_the_process_with_one_line(gx: GX) -> None:
    daemon = await gx.start_all()
    for client_id in ("a", "b", "c"):
        await gx.register(client_id, services={"t1": "temperature", "t2": "temperature"})
    process = daemon.process
    assert process is not None
    for part in ("gateway", "system", "settings"):
        await gx.stop(part)
    gx.dbus.kill()
    await gx.wait(lambda: process.poll() is not None, "the daemon ends")
    assert process.returncode == 1
    assert "Traceback" not in daemon.output
    assert "BusLost" in daemon.output
    assert not [line for line in daemon.output.splitlines() if "Rejected" in line or "its D-Bus connection" in line]


async def test_service_whose_connection_breaks_is_opened_again_alone(gx: GX) -> None:
    async with BusProxy(gx.dbus.address, gx.dbus.directory) as proxy:
        gx.daemon_address = proxy.address
        daemon = await gx.start_all()
        await gx.register(services={"a": "temperature", "b": "temperature"})
        await gx.set(temperature(service_id="b"), "/Temperature", 5.5)
        await gx.set(temperature(service_id="a"), "/CustomName", "Kept")
        assert proxy.cut(temperature(service_id="a")) == 1
        await gx.wait_log("service a lost its D-Bus connection")
        await gx.wait_log(f"Registered Service {temperature(service_id='a')}", 2)
        await gx.wait_value(temperature(service_id="a"), "/CustomName", "Kept")
        assert await gx.get(temperature(service_id="b"), "/Temperature") == 5.5
        assert daemon.output.count(" starts, pid ") == 1


async def test_settings_service_may_restart(gx: GX) -> None:
    await gx.start_all()
    await gx.register()
    await gx.stop("settings")
    await gx.start("settings")
    setting = "/Settings/MqttDevices/mqtt_fe001_t1/CustomName"
    await gx.wait_value("com.victronenergy.settings", setting, "My Temperature Sensor")
    await gx.wait_log("is back: adding")
    assert await gx.set(temperature(), "/CustomName", "Galley") == 0
    await gx.wait_value("com.victronenergy.settings", setting, "Galley")
    await gx.register("other")
