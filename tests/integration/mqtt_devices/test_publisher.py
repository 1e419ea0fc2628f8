"""Plans carried out on a real bus with simulated localsettings, in this process: what blocks the loop fails."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mqtt_devices.connections import ConnectionBudget
from mqtt_devices.controls import Controls
from mqtt_devices.errors import Reason
from mqtt_devices.protocol.effects import Outcome, Plan, ServiceKey, Write
from mqtt_devices.publisher import Publisher
from simulators.gx.settings import SettingsSimulator
from tests.service_types import TYPES
from velib_async.bus import BUS_ITEM, Bus, open_bus
from velib_async.errors import CallError
from velib_async.localsettings import Setting, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from mqtt_devices.protocol.service_types import PathRule, Value
    from tests.peers.dbus import DBusDaemon
    from velib_async.bus import Library

pytestmark = [pytest.mark.peer, pytest.mark.parametrize("library", ["dbus_fast", "dbus_next"])]

LIMIT_S = 60.0
TANK = "com.victronenergy.tank.mqtt_dev_t"


class Owner:
    """Lets the user do what he likes."""

    def __init__(self, lost: list[ServiceKey], heard: list[ServiceKey]) -> None:
        self.lose = lost.append
        self.hear = heard.append

    def is_told_again(self, _key: ServiceKey, _rule: PathRule) -> bool:
        return False

    async def ask(self, _key: ServiceKey, _rule: PathRule, _value: Value) -> bool:
        return True


class Bench:
    """A publisher and a client that looks at what it does."""

    def __init__(
        self,
        publisher: Publisher,
        controls: Controls,
        client: Bus,
        lost: list[ServiceKey],
        heard: list[ServiceKey],
        *,
        stop_settings: Callable[[], Awaitable[None]],
    ) -> None:
        self.stop_settings = stop_settings
        self.publisher = publisher
        self.controls = controls
        self.client = client
        self.lost = lost
        self.heard = heard
        self.changes: list[dict[str, Any]] = []

    async def open(self, client_id: str = "dev", **services: str) -> Outcome:
        return await self.publisher.apply(Plan(client_id, "v1", open=services))

    async def get(self, path: str, service: str = TANK) -> Any:
        (value,) = await self.client.call(service, path, BUS_ITEM, "GetValue")
        return value

    async def write(self, path: str, value: object, service: str = TANK) -> int:
        (code,) = await self.client.call(service, path, BUS_ITEM, "SetValue", "v", (value,))
        return int(code)

    async def has(self, setting: str, value: object) -> bool:
        try:
            return bool(await self.get(setting, "com.victronenergy.settings") == value)
        except CallError:
            return False

    async def names(self) -> set[str]:
        (names,) = await self.client.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames"
        )
        return {name for name in names if "mqtt" in name}

    async def wait_value(self, path: str, value: object, service: str = TANK) -> None:
        async with asyncio.timeout(LIMIT_S):
            while await self.get(path, service) != value:  # noqa: ASYNC110 - somebody else's value
                await asyncio.sleep(0.01)


@asynccontextmanager
async def make_bench(
    address: str, library: Library, limit: int = 100, new_at_once: int = 64, settings_file: Path | None = None
) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        settings = await stack.enter_async_context(AsyncExitStack())
        await settings.enter_async_context(SettingsSimulator(address, file=settings_file))
        client = await open_bus(address)
        stack.push_async_callback(client.close)
        bus = await open_bus(address, library=library)
        stack.push_async_callback(bus.close)
        controls = Controls(bus)
        await controls.open()
        stack.push_async_callback(controls.close)
        writing = asyncio.create_task(controls.run())
        lost: list[ServiceKey] = []
        heard: list[ServiceKey] = []
        publisher = Publisher(
            TYPES,
            controls=controls,
            budget=ConnectionBudget(bus, limit=limit),
            connect=(address, library),
            version="9.9",
            owner=Owner(lost, heard),
            new_at_once=new_at_once,
        )
        stack.push_async_callback(publisher.close)
        try:
            yield Bench(publisher, controls, client, lost, heard, stop_settings=settings.aclose)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)


async def test_plan_opens_updates_and_closes(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        assert await bench.open(t="tank", g="gps") == Outcome("dev", {"t": 1, "g": 1})
        assert await bench.names() == {TANK, "com.victronenergy.gps.mqtt_dev_g"}
        assert await bench.get("/ProductName") == "dbus-mqtt-devices-9.9:Tank"
        await bench.publisher.apply(Plan("dev", "v2", close=("g",), update=("t",)))
        assert await bench.names() == {TANK}
        assert await bench.get("/FirmwareVersion") == "v2"


async def test_service_whose_setting_needs_repair_does_not_hold_up_the_others(
    dbus_daemon: DBusDaemon, library: Library
) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        settings = await Settings.open(bench.client)
        await settings.add(
            Setting("/Settings/MqttDevices/mqtt_dev_b/FluidType", "text"),
            Setting("/Settings/Devices/mqtt_dev_c/ClassAndVrmInstance", "gps:7"),
        )
        await settings.close()
        outcome = await bench.open(a="tank", b="tank", c="tank")
        assert outcome == Outcome("dev", {"a": 1, "b": 2, "c": 3})


async def test_instances_follow_the_order_of_the_message(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        names = [f"s{number}" for number in range(12)]
        outcome = await bench.open(**dict.fromkeys(names, "tank"))
        assert outcome.opened == {name: number + 1 for number, name in enumerate(names)}


async def test_write_is_one_signal_and_settings_in_it_are_kept(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        await bench.open(t="tank")
        signals: list[Any] = []
        bench.client.add_changes_handler(lambda _, changes: signals.append(dict(changes)))
        rule = "type='signal',interface='com.victronenergy.BusItem',member='ItemsChanged'"
        await bench.client.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", (rule,)
        )
        values = {"Level": 50.0, "Remaining": 0.05, "Capacity": 0.25}
        bench.publisher.write(Write(ServiceKey("dev", "t"), values))
        setting = "/Settings/MqttDevices/mqtt_dev_t/Capacity"
        await bench.wait_value(setting, 0.25, "com.victronenergy.settings")
        async with asyncio.timeout(LIMIT_S):
            while not signals:  # noqa: ASYNC110 - filled by a signal
                await asyncio.sleep(0.01)
        (signal,) = signals
        assert signal.pop("/Alarms/High/State") == signal.pop("/Alarms/Low/State") == (0, "OK")
        assert signal == {"/Level": (50.0, "50.0 %"), "/Remaining": (0.05, "0.050 m³"), "/Capacity": (0.25, "0.250 m³")}


async def test_write_to_a_service_that_is_gone_is_nothing(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        bench.publisher.write(Write(ServiceKey("dev", "t"), {"Level": 1.0}))
        assert await bench.names() == set()


async def test_last_of_many_values_of_a_setting_is_kept(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        await bench.open(t="tank")
        for number in range(100):
            bench.publisher.write(Write(ServiceKey("dev", "t"), {"Capacity": float(number)}))
            await asyncio.sleep(0)
        setting = "/Settings/MqttDevices/mqtt_dev_t/Capacity"
        await bench.wait_value(setting, 99.0, "com.victronenergy.settings")
        await asyncio.sleep(0.1)
        assert await bench.get("/Capacity") == 99.0, "echoes of older values do not come back"


async def test_user_wins_over_what_the_device_said_before(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        await bench.open(t="tank")
        setting = "/Settings/MqttDevices/mqtt_dev_t/CustomName"
        for number in range(20):
            bench.publisher.write(Write(ServiceKey("dev", "t"), {"CustomName": f"device {number}"}))
            assert await bench.write("/CustomName", f"user {number}") == 0
            await bench.wait_value(setting, f"user {number}", "com.victronenergy.settings")
        await asyncio.sleep(0.1)
        for path, service in (("/CustomName", TANK), (setting, "com.victronenergy.settings")):
            assert await bench.get(path, service) == "user 19"


async def test_connections_that_are_spent_fail_the_rest_only(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library, limit=6) as bench:
        outcome = await bench.open(a="tank", b="tank", c="tank", d="tank", e="tank", f="tank")
        assert 1 <= len(outcome.opened) <= 6 - 3, "bus, client and simulated settings are there already"
        assert {problem.reason for problem in outcome.failed.values()} == {Reason.CONNECTION_LIMIT}
        await bench.publisher.apply(Plan("dev", None, close=tuple(outcome.opened)))
        again = await bench.open(**dict.fromkeys(list(outcome.failed)[:1], "tank"))
        assert len(again.opened) == 1


async def test_name_that_is_taken_fails_that_service_only(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        await bench.client.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName", "su", (TANK, 0)
        )
        outcome = await bench.open(t="tank", u="tank")
        assert outcome.opened == {"u": 2}
        assert outcome.failed["t"].reason is Reason.NAME_TAKEN


async def test_setting_below_another_setting_fails_that_service_only(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        blocked = "/Settings/MqttDevices/mqtt_dev_t/Capacity/Below"
        (results,) = await bench.client.call(
            "com.victronenergy.settings",
            "/",
            "com.victronenergy.Settings",
            "AddSettings",
            "aa{sv}",
            ([{"path": blocked, "default": 1}],),
        )
        assert results[0]["error"] == 0
        outcome = await bench.open(t="tank", u="tank")
        assert outcome.failed["t"].reason is Reason.SETTINGS_FAILED
        assert set(outcome.opened) == {"u"}


async def test_value_out_of_todays_limits_becomes_the_default(dbus_daemon: DBusDaemon, library: Library) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        setting = {"path": "/Settings/MqttDevices/mqtt_dev_t/FluidType", "default": 99}
        await bench.client.call(
            "com.victronenergy.settings", "/", "com.victronenergy.Settings", "AddSettings", "aa{sv}", ([setting],)
        )
        await bench.open(t="tank")
        assert await bench.get("/FluidType") == 1


async def test_what_is_set_while_localsettings_is_gone_is_answered_at_once_and_kept_when_it_is_back(
    dbus_daemon: DBusDaemon, library: Library, tmp_path: Path
) -> None:
    file = tmp_path / "settings.xml"
    async with make_bench(dbus_daemon.address, library, settings_file=file) as bench:
        await bench.open(t="tank")
        await bench.stop_settings()
        assert await bench.write("/CustomName", "Diesel") == 0
        assert await bench.get("/CustomName") == "Diesel"
        assert await bench.write("/Level", 5) == 0, "readings need no settings"
        async with SettingsSimulator(dbus_daemon.address, file=file):
            name = "/Settings/MqttDevices/mqtt_dev_t/CustomName"
            await bench.wait_value(name, "Diesel", "com.victronenergy.settings")
            assert await bench.get("/CustomName") == "Diesel"


async def test_names_never_seen_are_let_in_slowly_and_known_ones_always(
    dbus_daemon: DBusDaemon, library: Library
) -> None:
    async with make_bench(dbus_daemon.address, library, new_at_once=3) as bench:
        assert (await bench.open("known", s="tank")).opened
        for number in range(4):
            outcome = await bench.open(f"dev{number}", s="tank")
            assert [one.reason for one in outcome.failed.values()] == [Reason.NEW_SERVICE_LIMIT] * (number > 1)
            await bench.publisher.apply(Plan(f"dev{number}", None, close=("s",)))
        for kind in ("tank", "gps"):
            await bench.publisher.apply(Plan("known", None, close=("s",)))
            assert (await bench.open("known", s=kind)).opened, "known, whatever it is now"
        assert await bench.names() == {"com.victronenergy.gps.mqtt_known_s"}
        remembered = bench.controls._opened()._settings
        assert remembered
        assert all("/mqtt_known_s/" in path for path in remembered), "nothing is kept of those that are gone"


async def test_setting_that_was_removed_is_added_again_with_what_is_set_next(
    dbus_daemon: DBusDaemon, library: Library
) -> None:
    async with make_bench(dbus_daemon.address, library) as bench:
        await bench.open(t="tank")
        for name in ("user", "device"):
            group = ["MqttDevices/mqtt_dev_t/CustomName"]
            (codes,) = await bench.client.call(
                "com.victronenergy.settings",
                "/Settings",
                "com.victronenergy.Settings",
                "RemoveSettings",
                "as",
                (group,),
            )
            assert codes == [0]
            if name == "user":
                assert await bench.write("/CustomName", name) == 0
            else:
                bench.publisher.write(Write(ServiceKey("dev", "t"), {"CustomName": name}))
            setting = "/Settings/MqttDevices/mqtt_dev_t/CustomName"
            async with asyncio.timeout(LIMIT_S):
                while not await bench.has(setting, name):  # noqa: ASYNC110 - written by a task
                    await asyncio.sleep(0.01)
            assert await bench.get("/CustomName") == name
