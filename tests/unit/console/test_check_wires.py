"""The doctor on broker, serial ports and D-Bus: a private bus with simulated settings."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest

from console import check_wires
from console.check_wires import ask_bus, check_broker, check_bus, check_serial
from console.finding import Weight
from console.suite import Suite
from daemonkit.context import Paths
from simulators.gx.settings import SettingsSimulator
from velib_async.bus import open_bus
from velib_async.items import Item
from velib_async.localsettings import Setting
from velib_async.mandatory import add_mandatory_items
from velib_async.service import Service
from velib_async.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from console.finding import Finding
    from simulators.peers.dbus import DBusDaemon


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    base = tmp_path / "data" / "drivers" / "venus-daemons-1"
    for name in ("mqtt-devices", "modbus-client", "mk2-bridge"):
        (base / "service" / name).mkdir(parents=True)
        (base / "service" / name / "run").touch()
    (tmp_path / "service").mkdir()
    (tmp_path / "data" / "conf" / "venus-daemons").mkdir(parents=True)
    places = {f"VENUS_DAEMONS_{name.upper()}": str(tmp_path / name) for name in ("data", "run", "log")}
    return Suite(base=base, root=tmp_path, paths=Paths.find(places))


def bad(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.weight is not Weight.GOOD]


def test_broker_that_answers_and_one_that_does_not(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(check_wires, "BROKER", server.getsockname())
        assert not bad(list(check_broker(suite)))
    (text,) = bad(list(check_broker(suite)))
    assert "no MQTT broker" in text


def test_port_is_missing_taken_or_free(suite: Suite, tmp_path: Path) -> None:
    (suite.paths.config / "mk2-bridge.yml").write_text("# tty: /dev/ttyUSB8\ntty: /dev/serial/by-id/usb-MK3-port0\n")
    assert bad(list(check_serial(suite))) == ["mk2-bridge: there is no /dev/serial/by-id/usb-MK3-port0"]
    tty = tmp_path / "dev" / "ttyUSB7"
    link = tmp_path / "dev" / "serial" / "by-id" / "usb-MK3-port0"
    link.parent.mkdir(parents=True)
    tty.touch()
    link.symlink_to(tty)
    assert not bad(list(check_serial(suite)))
    status = suite.services / "mk2-dbus.ttyUSB7" / "supervise" / "status"
    status.parent.mkdir(parents=True)
    status.write_bytes(bytes(12) + (4242).to_bytes(4, "little") + b"\0u")
    (text,) = bad(list(check_serial(suite)))
    assert "(ttyUSB7) is used by mk2-dbus.ttyUSB7" in text


def test_number_that_can_change_is_worth_a_note(suite: Suite, tmp_path: Path) -> None:
    (suite.paths.config / "mk2-bridge.yml").write_text("tty: /dev/ttyUSB7\n")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "ttyUSB7").touch()
    (text,) = bad(list(check_serial(suite)))
    assert "can have another number" in text


def test_bus_that_does_not_answer_is_a_problem(suite: Suite) -> None:
    (text,) = bad(list(check_bus(suite)))
    assert "the D-Bus does not answer" in text


@contextlib.asynccontextmanager
async def venus(address: str, *, mqtt_local: int, profile: int) -> AsyncIterator[None]:
    """Run the settings of Venus, with those that decide who may use its broker."""
    async with SettingsSimulator(address):
        bus = await open_bus(address)
        settings = await Settings.open(bus)
        await settings.add(Setting("/Settings/Services/MqttLocal", mqtt_local, 0, 2))
        await settings.add(Setting("/Settings/System/SecurityProfile", profile, 0, 3))
        yield
        await settings.close()
        await bus.close()


@contextlib.asynccontextmanager
async def own(address: str, name: str, **items: int) -> AsyncIterator[None]:
    """Have a service of Venus on the bus."""
    bus = await open_bus(address)
    service = Service(bus, name)
    add_mandatory_items(
        service, process_name="stock", process_version="1", connection="built in", device_instance=1, product_id=0,
        product_name="stock",
    )  # fmt: skip
    for path, value in items.items():
        service.add_item(Item(path.replace("__", "/"), value))
    await service.register()
    yield
    await service.close()
    await bus.close()


@pytest.mark.peer
@pytest.mark.parametrize(
    ("levels", "says"),
    [
        ((0, 0), "MQTT on the LAN is off"),
        ((2, 2), "MQTT on the LAN takes paired devices (tokens) only"),
        ((1, 0), "the security profile is Secured"),
        ((1, 1), "the security profile is Weak"),
        ((1, 2), None),
        ((1, 3), "no security profile is chosen yet"),
    ],
)
async def test_mqtt_devices_that_the_broker_refuses_are_told(
    suite: Suite,
    dbus_daemon: DBusDaemon,
    monkeypatch: pytest.MonkeyPatch,
    levels: tuple[int, int],
    says: str | None,
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", dbus_daemon.address)
    async with venus(dbus_daemon.address, mqtt_local=levels[0], profile=levels[1]):
        texts = bad(await ask_bus(suite))
    assert [text.partition(":")[0] for text in texts] == ([] if says is None else [says])


@pytest.mark.peer
async def test_missing_settings_stock_owners_and_disabled_hooks_are_named(
    suite: Suite, dbus_daemon: DBusDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", dbus_daemon.address)
    async with (
        own(dbus_daemon.address, "com.victronenergy.modbusclient.tcp"),
        own(dbus_daemon.address, "com.victronenergy.vebus.ttyS4"),
        own(dbus_daemon.address, "com.victronenergy.platform", __ModificationChecks__SystemHooksState=1),
    ):
        texts = bad(await ask_bus(suite))
    for begin in (
        "localsettings does not run",
        "modbusclient.tcp belongs to the Modbus client of Venus",
        "vebus.ttyS4 belongs to a VE.Bus program of Venus",
        "Venus has disabled the startup scripts",
    ):
        assert any(text.startswith(begin) for text in texts), texts
