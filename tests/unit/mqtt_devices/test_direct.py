from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.direct import change_registration, parse_direct, parse_direct_value
from mqtt_devices.protocol.effects import Plan, ServiceKey, Write
from mqtt_devices.protocol.names import RESERVED
from mqtt_devices.protocol.status import Registration
from tests.service_types import TYPES
from tests.unit.mqtt_devices.payloads import payloads
from tests.unit.mqtt_devices.test_registry import World

SECRET: dict[str, Any] = {"secret": "geheim"}
KEY = ServiceKey("esp", "t1")


def parse(**fields: Any) -> Any:
    return parse_direct(json.dumps(fields).encode(), TYPES)


def test_small_letters_are_about_the_service_the_rest_are_paths() -> None:
    message = parse(type="tank", version=2, timeout=5, Level=40, **{"/Alarms/Low/State": 1})
    assert (message.type, message.version, message.staleness.timeout_s) == ("tank", "2", 5.0)
    assert message.values == {"Level": 40, "Alarms/Low/State": 1}


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"level": 1}, Reason.UNKNOWN_PATH, "level"),
        ({"type": "Tank"}, Reason.UNKNOWN_TYPE, "type"),
        ({"type": None}, Reason.UNKNOWN_TYPE, "type"),
        ({"timeout": "x"}, Reason.WRONG_TYPE, "timeout"),
        ({"connected": "yes"}, Reason.WRONG_TYPE, "connected"),
        ({"Level/": 1}, Reason.UNKNOWN_PATH, "Level/"),
        ({"secret": 1}, Reason.WRONG_TYPE, "secret"),
        ({f"P{number}": 1 for number in range(600)}, Reason.TOO_MANY, ""),
    ],
)
def test_first_wrong_field_is_named(fields: dict[str, Any], reason: Reason, field: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse(**fields)
    assert (caught.value.reason, caught.value.field) == (reason, field)


@given(payloads)
def test_any_payload_is_a_message_or_refused(payload: bytes) -> None:
    with contextlib.suppress(Rejected):
        parse_direct(payload, TYPES)
    with contextlib.suppress(Rejected):
        parse_direct_value("Level", payload)


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        (b"21.5", 21.5),
        (b'{"value": 21.5}', 21.5),
        (b'{"value": null}', None),
        (b"", None),
        (b"true", True),
        (b"Fridge", "Fridge"),
        (b'"Fridge"', "Fridge"),
        (b'["a"]', ["a"]),
    ],
)
def test_single_value_is_plain_or_wrapped(payload: bytes, value: object) -> None:
    assert parse_direct_value("Ac/L1/Power", payload).values == {"Ac/L1/Power": value}


@pytest.mark.parametrize("payload", [b"{", b'{"v": 1}', b'"half', b"\xff"])
def test_broken_single_value_is_refused(payload: bytes) -> None:
    with pytest.raises(Rejected):
        parse_direct_value("Level", payload)


def test_registration_is_changed_only_by_what_is_about_it() -> None:
    former = Registration("esp", "v1", {"t1": "tank"})
    assert change_registration(former, "esp", "t1", parse(Level=1)) is None
    assert change_registration(former, "esp", "t1", parse(type="tank", Level=1)) is None
    assert change_registration(None, "esp", "t1", parse(connected=0)) is None
    more = change_registration(former, "esp", "t2", parse(type="gps", version="v2", timeout=5, lwt_topic="x"))
    assert more is not None
    assert (dict(more.services), more.version) == ({"t1": "tank", "t2": "gps"}, "v2")
    assert more.last_will is not None
    assert change_registration(more, "esp", "t2", parse(type="gps")) is None
    less = change_registration(more, "esp", "t2", parse(connected=0))
    assert less is not None
    assert (dict(less.services), dict(less.staleness)) == ({"t1": "tank"}, {})


# Through the registry


def test_first_message_registers_and_brings_values() -> None:
    world = World()
    world.send("device/esp/t1", {"type": "temperature", "Temperature": "21.5"})
    assert [dict(plan.open) for plan in world.plans] == [{"t1": "temperature"}]
    world.carry_out()
    assert world.others == [Write(KEY, {"Temperature": 21.5})]
    assert world.replies("device/esp/DBus")[0]["deviceInstance"] == {"t1": 1}


def test_repeated_type_costs_nothing_but_the_values() -> None:
    world = World()
    for _ in range(3):
        world.send("device/esp/t1", {"type": "temperature", "Temperature": 1})
        world.carry_out()
    assert world.others == [Write(KEY, {"Temperature": 1.0})] * 3
    assert len(world.replies("device/esp/DBus")) == 1


def test_services_of_one_device_may_come_one_by_one_and_go() -> None:
    world = World()
    for service_id in ("t1", "t2"):
        world.send(f"device/esp/{service_id}", {"type": "temperature"})
        world.carry_out()
    assert set(world.registry.devices["esp"].opened) == {"t1", "t2"}
    world.send("device/esp/t2", b"")
    world.carry_out()
    assert set(world.registry.devices["esp"].opened) == {"t1"}
    world.send("device/esp/t1", {"connected": 0})
    world.carry_out()
    assert world.registry.devices == {}


def test_values_without_registration_are_refused_with_advice() -> None:
    world = World()
    world.send("device/esp/t1", {"Temperature": 1})
    (error,) = world.replies("device/esp/Error")
    assert (error["reason"], error["field"]) == ("unknown_service", "type")
    world.send("device/esp/t1/Temperature", b"1")
    assert world.replies("device/esp/Error")[0]["reason"] == "unknown_service"


def test_bad_value_of_a_first_message_refuses_all_of_it() -> None:
    world = World()
    world.send("device/esp/t1", {"type": "temperature", "TemperatureType": 9})
    assert (world.plans, world.registry.devices) == ([], {})
    assert world.replies("device/esp/Error")[0]["field"] == "TemperatureType"


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names_are_no_services(name: str) -> None:
    world = World()
    world.status("esp", services={name: "tank"})
    assert world.plans == []
    assert world.replies("device/esp/Error")[0]["reason"] == "bad_id"


def test_retained_message_registers_but_its_values_are_old() -> None:
    world = World()
    world.send("device/esp/t1", {"type": "temperature", "Temperature": 1}, retained=True)
    assert len(world.plans) == 1
    world.carry_out()
    world.send("device/esp/t1/Temperature", b"1", retained=True)
    assert world.others == []


def test_devices_write_their_own_services_only() -> None:
    world = World()
    world.registered("a", services={"t1": "tank"})
    world.send("device/b/t1", {"Level": 1})
    world.send("device/b/t1/Level", b"1")
    assert world.others == []


def test_last_will_topic_below_device_is_no_service() -> None:
    world = World()
    world.registered("esp", lwt_topic="device/esp/LWT", lwt_value="Offline")
    world.send("device/esp/LWT", b"Online")
    assert world.published == []
    world.send("device/esp/LWT", b"Offline")
    world.carry_out()
    assert world.registry.devices == {}


def test_type_of_a_service_may_change() -> None:
    world = World()
    world.send("device/esp/t1", {"type": "temperature"})
    world.carry_out()
    world.send("device/esp/t1", {"type": "tank", "Level": 5})
    assert world.plans[0] == Plan("esp", None, ("t1",), {"t1": "tank"})
    world.carry_out()
    assert world.others == [Write(KEY, {"Level": 5.0})]


def test_secret_is_asked_for_everywhere() -> None:
    world = World(clients={"esp": "geheim"})
    for topic, payload in (
        ("device/esp/Status", {"clientId": "esp", "connected": 1, "services": {"t1": "tank"}}),
        ("device/esp/t1", {"type": "tank"}),
        ("device/esp/t1", {"type": "tank", "secret": "Geheim"}),
        ("device/esp/Status", b""),
    ):
        world.send(topic, payload)
        assert world.replies("device/esp/Error")[0]["reason"] == "not_allowed"
    assert world.plans == []
    world.send("device/esp/t1", {"type": "tank", "secret": "geheim"})
    world.carry_out()
    for topic, plain, proven in (
        ("device/esp/t1/Level", {"value": 1}, {"value": 1, "secret": "geheim"}),
        ("device/esp/t1", {"Level": 1}, {"Level": 1, "secret": "geheim"}),
        (
            "device/esp/Proxy",
            {"topicPath": "W/c0619ab00000/tank/1", "values": {"Level": 1}},
            {"topicPath": "W/c0619ab00000/tank/1", "values": {"Level": 1}, "secret": "geheim"},
        ),
    ):
        world.send(topic, plain)
        assert world.others == []
        world.send(topic, proven)
        assert world.others == [Write(KEY, {"Level": 1.0})]
        world.others.clear()
    world.status("esp", services={"t1": "tank"}, **SECRET)
    assert not any("geheim" in note for note in world.notes)


def test_list_of_clients_shuts_others_out() -> None:
    world = World(clients={"esp": None}, allows_others=False)
    world.status("other")
    assert world.replies("device/other/Error")[0]["reason"] == "not_allowed"
    world.status("esp")
    assert len(world.plans) == 1
