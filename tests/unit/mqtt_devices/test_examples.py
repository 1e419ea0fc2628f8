"""The examples of docs/mqtt-devices.md work as they are written: their messages go through the real registry."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from daemonkit.yamlfile import loads
from mqtt_devices.mapping_file import read_mappings
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.effects import Write
from mqtt_devices.protocol.mapping import Mapper
from mqtt_devices.protocol.registry import Registry
from tests.service_types import TYPES
from tests.unit.mqtt_devices.test_registry import PORTAL, World

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (Path(__file__).parents[3] / "docs" / "mqtt-devices.md").read_text()
Messages = list[tuple[str, str]]


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def arduino() -> Iterator[tuple[str, str]]:
    code = example("cpp")
    literal = r'"((?:[^"\\]|\\.)*)"'
    formats = re.findall(rf"snprintf\(text, sizeof text, {literal}", code)
    for topic, payload in re.findall(rf"mqtt\.publish\({literal}, (?:{literal}|text)\)", code):
        raw = payload or formats[0]
        yield topic, re.sub(r"%\.[0-9]f", "21.5", json.loads(f'"{raw}"'))


def esphome() -> Iterator[tuple[str, str]]:
    config: Any = loads(example("esphome"), "esphome")
    for action in config["mqtt"]["on_connect"]:
        yield action["mqtt.publish"]["topic"], action["mqtt.publish"]["payload"]
    (sensor,) = config["sensor"]
    for part in ("temperature", "humidity"):
        yield sensor[part]["state_topic"], "21.5"


def tasmota() -> Iterator[tuple[str, str]]:
    for topic, payload in re.findall(r"Publish (\S+) (.+?) ENDON", example("tasmota")):
        yield topic, payload.replace("%value%", "21.5")


def node_red() -> Iterator[tuple[str, str]]:
    code = example("js")
    (topic,) = re.findall(r'msg\.topic = "(.*)";', code)
    (payload,) = re.findall(r"msg\.payload = (.*);", code)
    yield topic, payload


def python() -> Iterator[tuple[str, str]]:
    tree = ast.parse(example("python"))
    values = next(ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign))
    call = next(node.value for node in tree.body if isinstance(node, ast.Expr))
    assert isinstance(call, ast.Call)
    yield ast.literal_eval(call.args[0]), json.dumps(values)


def home_assistant() -> Iterator[tuple[str, str]]:
    config: Any = loads(example("homeassistant"), "homeassistant")
    (action,) = config["actions"]
    yield action["data"]["topic"], re.sub(r"\{\{.*?\}\}", "21.5", action["data"]["payload"])


def play(world: World, messages: Messages) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for topic, payload in messages:
        world.send(topic, payload.encode())
        world.carry_out()
    for effect in world.others:
        if isinstance(effect, Write):
            written |= effect.values
    assert [one.topic for one in world.published if one.topic.endswith("/Error")] == []
    return written


@pytest.mark.parametrize(
    ("messages", "service", "kind", "values"),
    [
        (list(arduino()), "esp1/fridge", "temperature", {"Temperature": 21.5, "Humidity": 21.5}),
        (list(esphome()), "esp2/cabin", "temperature", {"Temperature": 21.5, "Humidity": 21.5}),
        (list(tasmota()), "plug1/meter", "acload", {"Ac/L1/Power": 21.5, "Ac/Energy/Forward": 21.5}),
        (list(node_red()), "nodered/water", "tank", {"FluidType": 1, "Capacity": 0.2, "Level": 75.0}),
        (list(python()), "python1/meter", "grid", {"Ac/L1/Power": 230.5, "Ac/Energy/Forward": 1234.5}),
        (list(home_assistant()), "homeassistant/outside", "temperature", {"TemperatureType": 4, "Temperature": 21.5}),
    ],
    ids=("arduino", "esphome", "tasmota", "node-red", "python", "home-assistant"),
)
def test_example_registers_its_service_and_sets_its_values(
    messages: Messages, service: str, kind: str, values: dict[str, Any]
) -> None:
    world = World()
    written = play(world, messages)
    client_id, service_id = service.split("/")
    assert world.registry.devices[client_id].opened[service_id].service_type == kind
    assert values.items() <= written.items()


def test_example_for_shelly_maps_its_devices(tmp_path: Path) -> None:
    file = tmp_path / "shelly.yml"
    file.write_text(example("shelly"))
    world = World()
    world.registry = Registry(TYPES, Policy(), Mapper(read_mappings(file, TYPES)))
    world.registry.start(PORTAL)
    messages = [
        ("shellyplus1pm-abcdef/status/switch:0", '{"apower": 8.9, "voltage": 237.5}'),
        ("shellypro3em-abcdef/status/em:0", '{"a_act_power": 100, "total_act_power": 300}'),
        ("shellies/shellyem3-ABCDEF/emeter/1/power", "55"),
    ]
    written = play(world, messages)
    assert (written["Ac/L1/Power"], written["Ac/Power"], written["Ac/L2/Power"]) == (100.0, 300.0, 55.0)
    kinds = {name: device.opened["meter"].service_type for name, device in world.registry.devices.items()}
    assert sorted(kinds.values()) == ["acload", "grid", "pvinverter"]
