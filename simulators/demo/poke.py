"""What to type in another terminal while the demo runs."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from simulators.demo.stage import PORTAL_ID

if TYPE_CHECKING:
    from simulators.demo.board import Board
    from simulators.demo.stage import Stage


def poke_lines(stage: Stage, board: Board) -> list[str]:
    """Commands that work as printed, each after a line that says what it does."""
    pub = f"mosquitto_pub -p {stage.mqtt_port}"
    lines = [
        "switch the relay of the GX, by MQTT:",
        f"  {pub} -t W/{PORTAL_ID}/system/0/Relay/0/State -m '{{\"value\":1}}'",
    ]
    tank = board.find("com.victronenergy.tank.")
    if tank is not None:
        instance = board.value(tank, "/DeviceInstance")
        lines += [
            "rename a tank, by MQTT:",
            f'  {pub} -t W/{PORTAL_ID}/tank/{instance}/CustomName -m \'{{"value":"My tank"}}\'',
            "read it on D-Bus:",
            (
                f"  dbus-send --bus={stage.address} --print-reply=literal --dest={tank} /CustomName"
                " com.victronenergy.BusItem.GetValue"
            ),
        ]
    if "mqtt-devices" in stage.daemons:
        lines += _own_sensor(pub, board)
    lines += stage.hints
    lines += [
        "wake the gateway for a minute, and see all MQTT traffic:",
        f"  {pub} -t R/{PORTAL_ID}/keepalive -n",
        f"  mosquitto_sub -p {stage.mqtt_port} -v -t '#'",
    ]
    if stage.daemons:
        service = shlex.quote(str(stage.services / stage.daemons[0]))
        lines += [
            "stop a daemon, see its state, start it again, read its log:",
            f"  svc -d {service}",
            f"  svstat {service}",
            f"  svc -u {service}",
            f"  tail -F {shlex.quote(str(stage.log(stage.daemons[0])))}",
        ]
    return lines


def _own_sensor(pub: str, board: Board) -> list[str]:
    """Lines for a sensor that is there only when somebody registered it with the first of them."""
    sensor = board.find("com.victronenergy.temperature.mqtt_mine_t1")
    if sensor is None:
        status = '{"clientId":"mine","connected":1,"version":"1","services":{"t1":"temperature"}}'
        return ["register a sensor of your own:", f"  {pub} -t device/mine/Status -m '{status}'"]
    topic = f"W/{PORTAL_ID}/temperature/{board.value(sensor, '/DeviceInstance')}/Temperature"
    return [
        "give your sensor a value, then take it away again:",
        f"  {pub} -t {topic} -m '{{\"value\":21.5}}'",
        f'  {pub} -t device/mine/Status -m \'{{"clientId":"mine","connected":0}}\'',
    ]
