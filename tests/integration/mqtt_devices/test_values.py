"""Values end to end: one message, one ItemsChanged, and what becomes of them when they are old."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.mqtt_devices.gx import PORTAL, temperature
from velib_async.bus import open_bus
from velib_async.client import Monitor, Service, ServiceHandler

if TYPE_CHECKING:
    from tests.integration.mqtt_devices.gx import GX

pytestmark = pytest.mark.peer

GRID = "com.victronenergy.grid.mqtt_meter_g"
EVCHARGER = "com.victronenergy.evcharger.mqtt_ev_e"
QUIET_S = 4
"""Long enough for a busy machine to see what is there before it is old."""


class Temperature(Service, ServiceHandler):
    servicetype = "com.victronenergy.temperature"
    paths = None


async def test_one_message_registers_and_sets_and_the_next_is_one_signal(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/fe001/t1", {"type": "temperature", "Temperature": "21.5"})
    await gx.wait_value(temperature(), "/Temperature", 21.5)
    assert (await gx.receive("device/fe001/DBus"))["deviceInstance"] == {"t1": 1}
    signals: list[dict[str, Any]] = []
    bus = await open_bus(gx.dbus.address)
    monitor = await Monitor.create(
        bus,
        itemsChanged=lambda _, values: signals.append(values),
        handlers={Temperature.servicetype: Temperature},
    )
    await asyncio.sleep(1.2)
    signals.clear()
    await gx.publish("device/fe001/t1", {"Temperature": 22, "Humidity": 60, "Pressure": 1013})
    await gx.wait_value(temperature(), "/Pressure", 1013.0)
    await gx.wait(lambda: bool(signals), "ItemsChanged")
    assert set(signals[0]) == {"/Temperature", "/Humidity", "/Pressure"}
    await gx.publish("device/fe001/t1/Temperature", "23")
    await gx.wait_value(temperature(), "/Temperature", 23.0)
    await gx.publish("device/fe001/t1/Temperature", {"value": None})
    await gx.wait_value(temperature(), "/Humidity", 60.0)
    await monitor.close()
    await bus.close()


async def test_others_are_not_disturbed_by_what_one_device_does_wrong(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/fe001/t1", {"type": "temperature", "Temperature": 1})
    await gx.wait_value(temperature(), "/Temperature", 1.0)
    await gx.publish("device/bad/t1", {"Temperature": 99})
    error = await gx.receive("device/bad/Error")
    assert error["reason"] == "unknown_service"
    await gx.publish("device/bad2/Proxy", {"topicPath": f"W/{PORTAL}/temperature/1", "values": {"Temperature": 99}})
    assert (await gx.receive("device/bad2/Error"))["reason"] == "not_yours"
    await gx.publish("device/bad3/Status", {"clientId": "bad3", "connected": 1, "services": {"Set": "tank"}})
    error = await gx.receive("device/bad3/Error")
    assert (error["reason"], error["field"]) == ("bad_id", "services")
    assert await gx.get(temperature(), "/Temperature") == 1.0


async def test_silent_service_becomes_unknown_and_comes_back(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/meter/g", {"type": "grid", "timeout": QUIET_S, "Ac/Power": 500, "Ac/Energy/Forward": 12})
    await gx.wait_value(GRID, "/Ac/Power", 500.0)
    await gx.wait_value(GRID, "/Connected", 0)
    assert await gx.get(GRID, "/Ac/Power") is None
    assert await gx.get(GRID, "/Ac/Energy/Forward") is None
    await gx.publish("device/meter/g/Ac/Power", "600")
    await gx.wait_value(GRID, "/Ac/Power", 600.0)
    assert await gx.get(GRID, "/ErrorCode") == 0


async def test_zero_is_for_powers_only_and_the_service_stays_connected(gx: GX) -> None:
    await gx.start_all()
    values = {"Ac/Power": 500, "Ac/L1/Voltage": 230, "Ac/Energy/Forward": 12}
    await gx.publish("device/meter/g", {"type": "grid", "timeout": QUIET_S, "onTimeout": "zero", **values})
    await gx.wait_value(GRID, "/Ac/Power", 500.0)
    await gx.wait_value(GRID, "/Ac/Power", 0.0)
    assert await gx.get(GRID, "/Ac/L1/Voltage") is None
    assert await gx.get(GRID, "/Ac/Energy/Forward") == 12.0
    assert await gx.get(GRID, "/Connected") == 1


async def test_service_that_is_to_leave_when_it_is_silent_leaves(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/meter/g", {"type": "grid", "timeout": QUIET_S, "onTimeout": "disconnect", "Ac/Power": 5})
    await gx.wait_names(present=(GRID,))
    await gx.wait_names(absent=(GRID,))
    await gx.publish("device/meter/g/Ac/Power", "6")
    await gx.wait_value(GRID, "/Ac/Power", 6.0)


async def test_same_value_again_over_the_gateway_keeps_a_service_fresh(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/meter/g", {"type": "grid", "timeout": 3, "Ac/Power": 5})
    await gx.wait_value(GRID, "/Ac/Power", 5.0)
    for _ in range(8):
        await asyncio.sleep(0.5)
        assert await gx.set(GRID, "/Ac/Power", 5.0) == 0
    assert await gx.get(GRID, "/Connected") == 1


async def test_commands_do_not_come_back_after_a_restart_and_settings_do(gx: GX) -> None:
    await gx.start_all()
    await gx.publish("device/ev/e", {"type": "evcharger", "StartStop": 1, "SetCurrent": 16, "MaxCurrent": 20})
    await gx.wait_value(EVCHARGER, "/SetCurrent", 16.0)
    await gx.publish("device/ev/e", {"CustomName": None})
    assert (await gx.receive("device/ev/Error"))["field"] == "CustomName"
    await asyncio.sleep(0.3)
    await gx.start_daemon()
    await gx.wait_names(present=(EVCHARGER,))
    assert await gx.get(EVCHARGER, "/StartStop") == 0
    assert await gx.get(EVCHARGER, "/SetCurrent") == 0
    assert await gx.get(EVCHARGER, "/MaxCurrent") == 20.0
    assert await gx.get(EVCHARGER, "/CustomName") == "My EV Charger"
