"""What a running daemon has not loaded: the imports of the real processes, as the interpreter itself reports them."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from simulators.modbus.models import make_image
from simulators.modbus.server import TcpMeter
from simulators.modbus.station import Station
from tests.integration.mk2_bridge.stage import stage
from tests.integration.modbus_client.installation import Installation
from tests.integration.mqtt_devices.gx import GX
from tests.peers.missing_stdlib import gx_environment
from tests.peers.mosquitto import Mosquitto
from tests.peers.process import find_program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.peers.dbus import DBusDaemon

# Named by what they load themselves: a module that importlib is asked for is not reported, its own imports are.
OPENSSL = {"_ssl", "_hashlib", "hmac", "secrets"}
WEB = {"http", "email", "tempfile", "gzip"}
XML = {"pyexpat", "_elementtree", "xml.etree.ElementPath"}
ARCHIVES = {"bz2", "lzma", "_bz2", "_lzma", "shutil"}  # of argparse, to ask for the terminal's width
SELDOM = {"importlib.metadata", "multiprocessing", "concurrent.futures.process", "logging.handlers", "logging.config"}
NEVER = OPENSSL | WEB | XML | ARCHIVES | SELDOM | {"dbus_next", "obd", "pint", "socketio", "uvicorn"}

MQTT_DEVICES = NEVER | {"pymodbus", "serial", "serial_asyncio", "mk2", "mqtt_devices.import_services"}
MODBUS_CLIENT = NEVER | {
    "aiomqtt",
    "paho",
    "zeroconf",
    "mk2",
    "pymodbus.client",
    "pymodbus.server",
    "pymodbus.transport",
}
MODBUS_CLIENT |= {"modbus_client.tools", "modbus_client.scantool", "modbus_client.limiter", "modbus_client.discovery"}
MK2_BRIDGE = NEVER | {"aiomqtt", "paho", "pymodbus", "mk2.tool", "mk2.examples", "mk2.trace"}

LIMIT_S = 120.0
_LINE = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def imports_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")


def imports_of(output: str) -> list[str]:
    """Return what a daemon has imported since its first line of code."""
    names = _LINE.findall(output)
    return names[names.index("daemonkit.lean") :]


def found(forbidden: set[str], names: list[str]) -> list[str]:
    """Return the imports that are forbidden, or below something forbidden."""
    return [name for name in names if any(f"{name}.".startswith(f"{each}.") for each in forbidden)]


@pytest.mark.parametrize("package", ["mqtt_devices", "modbus_client", "mk2_bridge", "obd_server"])
def test_check_loads_the_bus_library_so_that_set_up_compiles_it(package: str, tmp_path: Path) -> None:
    command = [sys.executable, "-s", "-P", "-m", package, "--config", str(tmp_path), "--check"]
    done = subprocess.run(command, env=gx_environment(), check=False, capture_output=True, text=True, timeout=LIMIT_S)
    assert "dbus_fast.message" in _LINE.findall(done.stderr)


async def test_mqtt_devices_loads_no_more_than_it_needs(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with GX(dbus_daemon, mosquitto, tmp_path, "dbus_fast") as gx:
        daemon = await gx.start_all()
        await gx.status()
        await gx.wait_log("temperature")
        names = imports_of(daemon.output)
    assert {"asyncio.events", "paho.mqtt.client", "dbus_fast.message"} <= set(names)  # it is seen at all
    assert not found(MQTT_DEVICES, names)


async def test_mqtt_devices_loads_openssl_for_a_broker_with_tls(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    command = (
        *(find_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-keyout", "broker.key", "-out", "broker.crt", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1"),
    )
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, cwd=tmp_path)
    # Else mosquitto, started by root, changes its user and cannot read the key.
    tls = f"user root\ncertfile {tmp_path}/broker.crt\nkeyfile {tmp_path}/broker.key\n"
    with Mosquitto(tls) as broker:
        async with GX(dbus_daemon, broker, tmp_path, "dbus_fast") as gx:
            daemon = await gx.start_daemon("-c", str(tmp_path / "broker.crt"))
            await gx.wait_log("is connected")
            assert "_ssl" in imports_of(daemon.output)


async def test_modbus_client_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    station = Station(make_image("em24"))
    async with (
        TcpMeter({1: station}) as meter,
        Installation(tmp_path, "-F", f"tcp:127.0.0.1:{meter.port}:1") as installation,
    ):
        installation.start()
        await installation.wait_value("com.victronenergy.grid.cg_BY1234500", "/Connected", 1)
        names = imports_of(installation.output)
    assert {"asyncio.events", "dbus_fast.message"} <= set(names)
    assert not found(MODBUS_CLIENT, names)


async def test_mk2_bridge_loads_no_more_than_it_needs(dbus_daemon: DBusDaemon, tmp_path: Path) -> None:
    async with stage(dbus_daemon.address, tmp_path):
        names = imports_of((tmp_path / "log").read_text())
    assert {"asyncio.events", "serial", "dbus_fast.message"} <= set(names)
    assert not found(MK2_BRIDGE, names)
