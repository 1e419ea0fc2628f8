"""Are the wires free and alive? MQTT broker, serial ports, names on the D-Bus."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from console.bus_view import PREFIX, find_pid, list_names, open_system_bus
from console.finding import Finding, good, note, problem
from daemonkit.tty import VenusPlaces, find_users
from velib_async.bus import BUS_ITEM, Bus
from velib_async.errors import CallError, VelibError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from console.suite import Suite

BROKER = ("127.0.0.1", 1883)
CONNECT_LIMIT_S = 3.0
SETTINGS = "com.victronenergy.settings"
PLATFORM = "com.victronenergy.platform"
MAX_CONNECTIONS = 256  # of the D-Bus, for all programs of one user
SPARE_CONNECTIONS = 64
HOOKS_DISABLED = 0b11  # bits 0 and 1 of SystemHooksState: rc.local, rcS.local

# /Settings/Services/MqttLocal
MQTT_LOCAL = {
    0: "MQTT on the LAN is off: only programs on the GX reach the broker",
    2: "MQTT on the LAN takes paired devices (tokens) only: those with a password, or with none, are refused",
}
MQTT_LOCAL_ON = 1
MQTT_ACCESS = "GUI: Settings, Integrations, MQTT Access"
# /Settings/System/SecurityProfile, which decides what "on" means: venus-platform opens port 1883 for 1 and 2 only, and
# the broker asks for the password of the GX wherever there is one. Nothing to say of 2, "Unsecured".
SECURITY_PROFILE = {
    0: "the security profile is Secured: MQTT devices need port 8883 (TLS) and the password; port 1883 is closed",
    1: "the security profile is Weak: MQTT devices need the password of the GX, on port 1883 as well",
    3: "no security profile is chosen yet: port 1883 is closed for MQTT devices",
}
PROFILE = "GUI: Settings, General, Access & Security, Local network security profile"

# Programs of Venus that own a name which the daemon would want.
STOCK_OWNERS = {
    "modbus-client": (
        "com.victronenergy.modbusclient.tcp",
        "the Modbus client of Venus: it keeps the devices that it knows",
    ),
    "mk2-bridge": ("com.victronenergy.vebus.", "a VE.Bus program of Venus: two systems confuse its calculations"),
}


def check_broker(suite: Suite) -> Iterator[Finding]:
    """The broker of the GX takes connections."""
    if "mqtt-devices" not in suite.enabled():
        return
    report = suite.report("mqtt-devices")
    if report.get("broker") == "up":
        yield good("mqtt-devices is connected to its broker")
        return
    try:
        with socket.create_connection(BROKER, CONNECT_LIMIT_S):
            yield good(f"an MQTT broker answers on {BROKER[0]}:{BROKER[1]}")
    except OSError as error:
        yield problem(
            f"no MQTT broker on {BROKER[0]}:{BROKER[1]} ({error.strerror or error})",
            "svstat /service/flashmq; or name another one in mqtt-devices.yml",
        )


def check_bus(suite: Suite) -> Iterator[Finding]:
    """Everything that is asked on the D-Bus."""
    try:
        yield from asyncio.run(ask_bus(suite))
    except (OSError, TimeoutError, VelibError) as error:
        yield problem(f"the D-Bus does not answer: {str(error) or type(error).__name__}", "restart the device")


async def ask_bus(suite: Suite) -> list[Finding]:
    """Return what the bus shows."""
    found = []
    async with open_system_bus() as bus:
        names = await list_names(bus)
        connections = sum(name.startswith(":") for name in names)
        text = f"{connections} of {MAX_CONNECTIONS} D-Bus connections are used"
        if connections > MAX_CONNECTIONS - SPARE_CONNECTIONS:
            found.append(problem(text, "lower max_services in the configuration of the daemons"))
        else:
            found.append(good(text))
        if SETTINGS not in names:
            found.append(problem("localsettings does not run: daemons wait for it", "svstat /service/localsettings"))
        found += await find_mqtt_limits(bus)
        hooks = await read(bus, PLATFORM, "/ModificationChecks/SystemHooksState")
        if isinstance(hooks, int) and hooks & HOOKS_DISABLED:
            found.append(problem("Venus has disabled the startup scripts", "GUI: Settings, General, Support status"))
        for daemon in suite.enabled():
            if daemon in STOCK_OWNERS:
                found += await find_stock_owner(bus, names, *STOCK_OWNERS[daemon])
    return found


async def find_mqtt_limits(bus: Bus) -> list[Finding]:
    """Say which MQTT devices on the LAN the broker of the GX lets in."""
    level = await read(bus, SETTINGS, "/Settings/Services/MqttLocal")
    if level in MQTT_LOCAL:
        return [note(MQTT_LOCAL[level], MQTT_ACCESS)]
    profile = await read(bus, SETTINGS, "/Settings/System/SecurityProfile")
    if level == MQTT_LOCAL_ON and profile in SECURITY_PROFILE:
        return [note(SECURITY_PROFILE[profile], PROFILE)]
    return []


async def find_stock_owner(bus: Bus, names: list[str], wanted: str, what: str) -> list[Finding]:
    """Say which other program owns a name."""
    found = []
    for name in names:
        if name == wanted or (wanted.endswith(".") and name.startswith(wanted)):
            pid = await find_pid(bus, name)
            command = read_command(pid) if pid else ""
            if "mk2_bridge" not in command and "modbus_client" not in command:
                found.append(note(f"{name.removeprefix(PREFIX)} belongs to {what} (pid {pid})"))
    return found


def read_command(pid: int) -> str:
    """Return the command line of a process, "" when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


async def read(bus: Bus, service: str, path: str) -> object:
    """Return a value, None when there is no such service or path."""
    try:
        (value,) = await bus.call(service, path, BUS_ITEM, "GetValue", timeout_s=CONNECT_LIMIT_S)
    except CallError:
        return None
    return None if value == [] else value


def check_serial(suite: Suite) -> Iterator[Finding]:
    """The ports that are configured are there, and nobody else has them."""
    for daemon in suite.enabled():
        file = suite.paths.config / f"{daemon}.yml"
        if not file.is_file():  # or something else, which check_config names
            continue
        text = re.sub(r"#.*", "", file.read_text(errors="replace"))
        for port in sorted(set(re.findall(r"/dev/(?:serial/by-id/[\w.:+-]+|tty\w*)", text))):
            yield from check_port(suite, daemon, port)


def check_port(suite: Suite, daemon: str, port: str) -> Iterator[Finding]:
    """Look at one port."""
    real = (suite.root / port.lstrip("/")).resolve()
    if not real.exists():
        yield problem(f"{daemon}: there is no {port}", "is it plugged in? ls -l /dev/serial/by-id/")
        return
    tty = real.name
    venus = VenusPlaces(probed=suite.root / "dev" / "serial-starter", services=suite.services)
    if users := find_users(real, venus):
        yield problem(
            f"{daemon}: {port} ({tty}) is used by {', '.join(users)}",
            f"take_tty: true in {suite.paths.config}/{daemon}.yml",
        )
    else:
        yield good(f"{daemon}: {port} is there, and no program of Venus is on it")
    if not port.startswith("/dev/serial/"):
        yield note(f"{daemon}: {port} can have another number after a reboot", "use its name in /dev/serial/by-id/")
