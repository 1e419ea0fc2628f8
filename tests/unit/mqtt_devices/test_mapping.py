from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from daemonkit.errors import DefinitionError
from mqtt_devices.mapping_file import find_presets, load_mappings, read_mappings
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.effects import Expire, ServiceKey, Write
from mqtt_devices.protocol.inbox import Message
from mqtt_devices.protocol.mapping import Mapper, make_client_id, parse_pointer
from mqtt_devices.protocol.registry import Registry
from mqtt_devices.protocol.staleness import OnTimeout
from tests.service_types import TYPES
from tests.unit.mqtt_devices.payloads import payloads
from tests.unit.mqtt_devices.test_registry import PORTAL, World

if TYPE_CHECKING:
    from pathlib import Path


CLIMATE = """\
devices:
  climate:
    device: "+"
    services: {t: temperature, tk: tank}
    values:
      "home/{device}/climate":
        - {service: t, path: Temperature, pointer: /temp/0, scale: 0.1, offset: -40}
        - {service: t, path: Status, pointer: /state, map: {ok: 0, "true": 0, broken: 1}}
        - {service: tk, path: Level, pointer: /a~1b}
      "home/{device}/humidity": [{path: Humidity}]
    offline:
      "home/{device}/alive": [false, gone, {state: off}]
"""


def rules(directory: Path, text: str) -> Any:
    file = directory / "rules.yml"
    file.write_text(text)
    return read_mappings(file, TYPES)


def mapped(directory: Path, text: str = CLIMATE) -> World:
    world = World()
    world.registry = Registry(TYPES, Policy(), Mapper(rules(directory, text)))
    world.registry.start(PORTAL)
    return world


def test_wildcard_makes_one_device_of_each_and_their_values_go_to_their_services(tmp_path: Path) -> None:
    world = mapped(tmp_path)
    world.send("home/cabin/climate", {"temp": [650], "state": "ok", "a/b": 5})
    world.send("home/bow-2/humidity", b"55.5")
    world.carry_out()
    assert world.others == [
        Write(ServiceKey("climate_cabin", "t"), {"Temperature": 25.0, "Status": 0}),
        Write(ServiceKey("climate_cabin", "tk"), {"Level": 5.0}),
        Write(ServiceKey("climate_bow_2", "t"), {"Humidity": 55.5}),
    ]
    assert set(world.registry.devices) == {"climate_cabin", "climate_bow_2"}


@pytest.mark.parametrize("other", ["plug_1", "plug-1", "plug.1"])
def test_two_devices_never_become_one(tmp_path: Path, other: str) -> None:
    world = mapped(tmp_path)
    world.send("home/plug 1/humidity", b"50")
    world.carry_out()
    world.others.clear()
    world.send(f"home/{other}/humidity", b"90")
    (error,) = world.replies("device/climate_plug_1/Error")
    assert (error["reason"], error["topic"]) == ("name_clash", f"home/{other}/humidity")
    assert "climate_plug 1" in error["rule"]
    world.send(f"home/{other}/alive", b"gone")
    assert world.others == []
    world.send("home/plug 1/humidity", b"60")
    assert world.others == [Write(ServiceKey("climate_plug_1", "t"), {"Humidity": 60.0})]
    world.status("climate_plug_1", connected=0)
    world.carry_out()
    world.send(f"home/{other}/humidity", b"90")
    world.carry_out()
    assert world.others[-1] == Write(ServiceKey("climate_plug_1", "t"), {"Humidity": 90.0})


def test_names_that_are_cut_alike_are_two_devices(tmp_path: Path) -> None:
    world = mapped(tmp_path)
    for last in ("a", "b"):
        world.send(f"home/{'x' * 100}{last}/humidity", b"50")
    assert json.loads(world.published[-1].payload)["reason"] == "name_clash"


def test_two_rules_may_make_one_device(tmp_path: Path) -> None:
    text = """\
devices:
  bow: {client: boat, services: {b: temperature}, values: {bow/t: [{path: Temperature}]}}
  stern: {client: boat, services: {s: temperature}, values: {stern/t: [{path: Temperature}]}}
"""
    world = mapped(tmp_path, text)
    world.send("bow/t", b"5")
    world.send("stern/t", b"6")
    world.carry_out()
    assert set(world.registry.devices["boat"].opened) == {"b", "s"}


@pytest.mark.parametrize("value", [10**400, "1_000", "\u0661", "1.5" + 61 * " " + "x"])
def test_number_that_is_none_is_not_scaled(tmp_path: Path, value: object) -> None:
    world = mapped(tmp_path)
    world.send("home/cabin/climate", {"temp": [value], "state": "ok"})
    world.carry_out()
    assert world.others == [Write(ServiceKey("climate_cabin", "t"), {"Status": 0})]


def test_topics_are_subscribed_with_wildcards(tmp_path: Path) -> None:
    topics = Mapper(rules(tmp_path, CLIMATE)).topics
    assert topics == ("home/+/climate", "home/+/humidity", "home/+/alive")


@pytest.mark.parametrize("payload", [b"false", b"False", b"gone", b'{"state":"off"}'])
def test_device_that_is_offline_has_no_values_and_comes_back_with_the_next(tmp_path: Path, payload: bytes) -> None:
    world = mapped(tmp_path)
    world.send("home/cabin/humidity", b"50")
    world.carry_out()
    world.others.clear()
    world.send("home/cabin/alive", payload)
    assert Expire(ServiceKey("climate_cabin", "t"), OnTimeout.INVALID) in world.others
    world.others.clear()
    world.send("home/cabin/alive", b"true")
    assert world.others == []
    world.send("home/cabin/humidity", b"51")
    assert world.others == [Write(ServiceKey("climate_cabin", "t"), {"Humidity": 51.0})]
    world.send("home/unknown/alive", payload)
    assert "climate_unknown" not in world.registry.devices


def test_what_does_not_fit_is_told_and_harms_nobody(tmp_path: Path) -> None:
    world = mapped(tmp_path)
    world.send("home/cabin/humidity", b"wet")
    assert world.replies("device/climate_cabin/Error")[0]["field"] == "Humidity"
    for payload in (b"", b"{", b"[" * 9999, b"null"):
        world.send("home/cabin/climate", payload)
    assert world.others == []


def test_message_with_a_value_that_does_not_fit_leaves_the_device_able_to_register(tmp_path: Path) -> None:
    world = mapped(tmp_path)
    world.send("home/cabin/humidity", b'"wet"')
    assert world.replies("device/climate_cabin/Error")[0]["reason"] == "wrong_type"
    world.carry_out()
    world.send("home/cabin/humidity", b"50")
    world.carry_out()
    assert set(world.registry.devices["climate_cabin"].opened) == {"t", "tk"}


def test_retained_values_register_but_are_not_taken(tmp_path: Path) -> None:
    world = mapped(tmp_path)
    world.send("home/cabin/humidity", b"50", retained=True)
    world.carry_out()
    assert (world.others, set(world.registry.devices)) == ([], {"climate_cabin"})


@pytest.fixture(scope="module")
def mapper(tmp_path_factory: pytest.TempPathFactory) -> Mapper:
    """All presets, with the wildcard."""
    listed = ", ".join(f'{name}: {{preset: {name}, device: "+"}}' for name in find_presets())
    return Mapper(rules(tmp_path_factory.mktemp("rules"), f"devices: {{{listed}}}"))


@given(payload=payloads)
def test_any_payload_of_a_foreign_device_is_read_or_ignored(mapper: Mapper, payload: bytes) -> None:
    for topic in ("tele/x/SENSOR", "zigbee2mqtt/x", "x/status/em:0", "shellies/x/relay/0/energy"):
        for found in mapper.read(Message(topic, payload, retained=False)):
            assert found.values or found.is_offline


def test_names_and_pointers() -> None:
    assert make_client_id("shelly_{device}", "plug-S 1/2") == "shelly_plug_S_1_2"
    assert parse_pointer("") == ()
    assert parse_pointer("/a/0/b~1c~0") == ("a", "0", "b/c~")
    with pytest.raises(ValueError, match="a"):
        parse_pointer("a")


# Presets, with payloads as the devices send them

TASMOTA = {
    "Time": "2024-01-01T00:00:00",
    "ENERGY": {"Total": 3.185, "Power": 160, "Factor": 0.92, "Voltage": 231, "Current": 0.754},
}
SHELLY = {"id": 0, "output": True, "apower": 8.9, "voltage": 237.5, "current": 0.1, "aenergy": {"total": 6532.0}}
EM = {"a_act_power": 100.5, "a_voltage": 230, "b_act_power": -20, "total_act_power": 80.5}


@pytest.mark.parametrize(
    ("preset", "topic", "payload", "expected"),
    [
        ("tasmota_energy", "tele/x/SENSOR", TASMOTA, {"Ac/L1/Power": 160.0, "Ac/L1/Energy/Forward": 3.185}),
        ("tasmota_temperature", "tele/x/SENSOR", {"DS18B20": {"Temperature": 20.6}}, {"Temperature": 20.6}),
        ("tasmota_temperature", "tele/x/SENSOR", {"AM2301": {"Temperature": 1, "Humidity": 60}}, {"Humidity": 60.0}),
        ("shelly_gen2_switch", "x/status/switch:0", SHELLY, {"Ac/L1/Power": 8.9, "Ac/L1/Energy/Forward": 6.532}),
        ("shelly_gen2_em", "x/status/em:0", EM, {"Ac/L1/Power": 100.5, "Ac/L2/Power": -20.0, "Ac/Power": 80.5}),
        ("shelly_gen2_em", "x/status/emdata:0", {"total_act": 1500.0}, {"Ac/Energy/Forward": 1.5}),
        ("shelly_gen1_relay", "shellies/x/relay/0/power", 12.5, {"Ac/L1/Power": 12.5}),
        ("shelly_gen1_relay", "shellies/x/relay/0/energy", 60000, {"Ac/L1/Energy/Forward": 1.0}),
        ("shelly_gen1_em", "shellies/x/emeter/2/total", 1234.0, {"Ac/L3/Energy/Forward": 1.234}),
        ("zigbee2mqtt_temperature", "zigbee2mqtt/x", {"temperature": 21.3, "voltage": 3000}, {"BatteryVoltage": 3.0}),
        ("zigbee2mqtt_plug", "zigbee2mqtt/x", {"power": 5, "energy": 1.5}, {"Ac/L1/Energy/Forward": 1.5}),
        ("esphome_temperature", "x/sensor/temperature/state", 21.5, {"Temperature": 21.5}),
        ("esphome_tank", "x/sensor/level/state", 55, {"Level": 55.0}),
    ],
)
@pytest.mark.parametrize("device", ["x", "+"])
def test_presets_read_what_the_devices_send(  # noqa: PLR0917 - a table
    tmp_path: Path, preset: str, topic: str, payload: Any, expected: dict[str, float], device: str
) -> None:
    world = mapped(tmp_path, f'devices: {{n: {{preset: {preset}, device: "{device}"}}}}')
    world.send(topic, payload)
    world.carry_out()
    (write,) = world.others
    assert isinstance(write, Write)
    assert {path: round(float(str(write.values[path])), 6) for path in expected} == expected


OFFLINE = {
    "tasmota": ("tele/x/LWT", b"Offline"),
    "shelly_gen1": ("shellies/x/online", b"false"),
    "shelly_gen2": ("x/online", b"false"),
    "zigbee2mqtt": ("zigbee2mqtt/x/availability", b'{"state":"offline"}'),
    "esphome": ("x/status", b"offline"),
}


@pytest.mark.parametrize("preset", find_presets())
def test_presets_know_when_the_device_is_gone(tmp_path: Path, preset: str) -> None:
    topic, payload = next(places for name, places in OFFLINE.items() if preset.startswith(name))
    (rule,) = rules(tmp_path, f'devices: {{n: {{preset: {preset}, device: "+"}}}}')
    (found,) = Mapper([rule]).read(Message(topic, payload, retained=False))
    assert found.is_offline


def test_preset_can_be_given_another_type(tmp_path: Path) -> None:
    (rule,) = rules(tmp_path, "devices: {heater: {preset: tasmota_energy, services: {meter: heatpump}}}")
    assert (rule.client_id, rule.device, dict(rule.services)) == ("tasmota_{device}", "heater", {"meter": "heatpump"})


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("{}", "values: is missing"),
        ("{preset: nothing}", "preset: has to be one of"),
        ("{device: a/b, preset: tasmota_energy}", "device: one level"),
        ("{device: '+', preset: tasmota_energy, client: x}", "client: needs"),
        ("{device: '+', services: {t: tank}, values: {a: [{path: Level}]}}", "device: . needs"),
        ("{services: {t: tonk}, values: {a: [{path: Level}]}}", "t: has to be one of"),
        ("{services: {Set: tank}, values: {a: [{path: Level}]}}", "Set: is no service id"),
        ("{services: {t: tank}, values: {a: [{path: Depth}]}}", "Depth: is no path"),
        ("{services: {t: tank}, values: {a: [{path: Level, service: x}]}}", "service: has to be one of"),
        ("{services: {t: tank}, values: {a: [{path: Level, pointer: x}]}}", "pointer: a JSON pointer"),
        ("{services: {t: tank}, values: {a: [{path: Level, times: 2}]}}", "times: is unknown"),
        ("{services: {t: tank}, values: {'a/#': [{path: Level}]}}", "a/#: a topic"),
        ("{services: {t: tank}, values: {device/x/Status: [{path: Level}]}}", "a topic without"),
        ("{services: {t: tank}, values: {a: [Level]}}", "has to be a mapping"),
        ("{values: {a: [{path: Level}]}}", "services: is missing"),
    ],
)
def test_mistakes_are_named_and_cost_their_file_only(tmp_path: Path, rule: str, complaint: str) -> None:
    (tmp_path / "bad.yml").write_text(f"devices:\n  n: {rule}\n")
    (tmp_path / "good.yml").write_text("devices: {n: {preset: tasmota_energy}}\n")
    found, mistakes = load_mappings(tmp_path, TYPES)
    assert len(found) == 1
    assert f"{tmp_path}/bad.yml:2: " in str(mistakes[0])
    with pytest.raises(DefinitionError, match=complaint.replace("+", ".")):
        read_mappings(tmp_path / "bad.yml", TYPES)
