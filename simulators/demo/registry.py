"""Which devices the demo shows to which daemon. A new daemon joins with one entry at the end of EXHIBITS.

Placeholders in commands and configuration: {python}, {bus}, {directory} (of this demo: for sockets and ptys),
{mqtt_port}, and any other {NAME_port}, which is a free port of 127.0.0.1, the same wherever the name appears.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulators.obd.vehicle import READY as EMULATOR_READY


@dataclass(frozen=True, slots=True)
class Live:
    """What must be seen on D-Bus: a service whose name begins with service, and path valid there and changing.

    moves: False for a value that may well stand still for minutes, of which being valid has to be enough.
    """

    service: str
    path: str
    moves: bool = True


@dataclass(frozen=True, slots=True)
class Device:
    """A simulated device: a program that runs as long as the demo, and what a daemon makes of it.

    ready: what the program prints when it can be used; "" when daemons need not find it there.
    """

    name: str
    command: tuple[str, ...]
    expects: tuple[Live, ...]
    ready: str = ""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A daemon (its directory in service/), its configuration file's text, and its devices."""

    daemon: str
    config: str
    devices: tuple[Device, ...]
    hints: tuple[str, ...] = ()
    """Lines for people who look on, after what can be typed."""


def _mqtt(name: str, *expects: Live) -> Device:
    command = ("{python}", "-m", f"simulators.mqtt.{name}", "--port", "{mqtt_port}", "--client-id", f"demo_{name}")
    # The broker is the demo's own, and its GX is simulated.
    return Device(name, (*command, "--yes-fake-power"), expects)


def _service(kind: str, device: str) -> str:
    return f"com.victronenergy.{kind}.mqtt_demo_{device}_"


def _modbus(model: str, *arguments: str, expects: Live) -> Device:
    return Device(model, ("{python}", "-m", "simulators.modbus", model, *arguments), (expects,), "Simulated")


EXHIBITS: Final[tuple[Exhibit, ...]] = (
    Exhibit(
        daemon="mqtt-devices",
        config="broker:\n  host: 127.0.0.1\n  port: {mqtt_port}\n",
        devices=(
            _mqtt("tank", Live(_service("tank", "tank"), "/Level")),
            _mqtt("temperature", Live(_service("temperature", "temperature"), "/Temperature")),
            _mqtt("gps", Live(_service("gps", "gps"), "/Course")),
            _mqtt("pvinverter", Live(_service("pvinverter", "pvinverter"), "/Ac/Power")),
            _mqtt(
                "combo",
                Live(_service("temperature", "combo"), "/Temperature"),
                Live(_service("tank", "combo"), "/Level"),
                Live(_service("gps", "combo"), "/Course"),
            ),
        ),
    ),
    Exhibit(
        daemon="mk2-bridge",
        config="tty: {directory}/ttyMK3\n",
        devices=(
            Device(
                "multiplus",
                ("{python}", "-m", "simulators.multiplus", "--link", "{directory}/ttyMK3", "--ess"),
                (
                    Live("com.victronenergy.vebus.ttyMK3", "/Ac/Out/L1/P"),
                    Live("com.victronenergy.vebus.ttyMK3", "/Dc/0/Voltage", moves=False),
                ),
                ready="Simulated MultiPlus",
            ),
        ),
        hints=(
            "have the MultiPlus run from the battery (3: on again), answered when it has done so:",
            (
                "  dbus-send --bus={bus} --print-reply --dest=com.victronenergy.vebus.ttyMK3 /Mode"
                " com.victronenergy.BusItem.SetValue variant:int32:2"
            ),
        ),
    ),
    Exhibit(
        daemon="obd-server",
        config="adapter:\n  port: socket://127.0.0.1:{elm_port}\n  protocol: '6'\nlisten:\n  port: {dashboard_port}\n",
        devices=(
            Device(
                "vehicle",
                ("{python}", "-m", "simulators.obd", "--port", "{elm_port}"),
                (
                    Live("com.victronenergy.alternator.obd_engine", "/Engine/Speed"),
                    Live("com.victronenergy.obd.obd_vehicle", "/Values/SPEED"),
                ),
                ready=EMULATOR_READY,
            ),
        ),
        hints=("look at the vehicle in a browser:", "  http://127.0.0.1:{dashboard_port}/"),
    ),
    Exhibit(
        daemon="modbus-client",
        config="""discovery: false
devices:
  - spec: tcp:127.0.0.1:{em24_port}:1
    name: Grid
  - spec: rtu:{directory}/ttyDEMO:38400:1
    role: acload
    name: Workshop
  - spec: udp:127.0.0.1:{vm3p_port}:1
  - spec: tcp:127.0.0.1:{growatt_port}:1
""",
        devices=(
            _modbus("em24", "--tcp", "{em24_port}", expects=Live("com.victronenergy.grid.cg_", "/Ac/Power")),
            _modbus(
                *("sdm630", "--rate", "38400", "--pty", "{directory}/ttyDEMO"),
                expects=Live("com.victronenergy.acload.ea_", "/Ac/Power"),
            ),
            _modbus("vm3p", "--udp", "{vm3p_port}", expects=Live("com.victronenergy.grid.ve_", "/Ac/Power")),
            _modbus(
                *("growatt", "--tcp", "{growatt_port}", "--night", "120"),
                expects=Live("com.victronenergy.pvinverter.pv_", "/Ac/Power"),
            ),
        ),
    ),
)
