"""Devices that come back from memory, through the registry."""

from __future__ import annotations

import json
from typing import Any

from daemonkit.statefile import SIZE_LIMIT_BYTES
from mqtt_devices.protocol.effects import ServiceKey, Write
from mqtt_devices.protocol.mapping import MappedPath, MappingRule
from mqtt_devices.protocol.restoring import RESTORE_PERIOD_S, RESTORED_AT_ONCE
from tests.unit.mqtt_devices.test_registry import PORTAL, World


def remember(**fields: Any) -> list[Any]:
    world = World()
    world.registered(**fields)
    return world.registry.remembered()


def restored(records: list[Any], **policy: Any) -> World:
    world = World(started=False, **policy)
    world.take(world.registry.restore(records))
    world.take(world.registry.start(PORTAL))
    return world


def tick(world: World) -> None:
    world.now += RESTORE_PERIOD_S
    world.take(world.registry.tick(world.now))


def test_services_come_back_unheard_and_the_device_is_not_answered() -> None:
    world = restored(remember(services={"t1": "temperature"}))
    assert world.plans == []
    assert world.registry.deadline == 0.0
    tick(world)
    (plan,) = world.plans
    assert (dict(plan.open), set(plan.unheard)) == ({"t1": "temperature"}, {"t1"})
    world.carry_out()
    assert world.published == []
    assert world.registry.is_stale(ServiceKey("fe001", "t1"))


def test_services_come_back_at_a_pace() -> None:
    services = {f"t{number}": "tank" for number in range(2 * RESTORED_AT_ONCE + 1)}
    world = restored(remember(services=services))
    opened = []
    for _ in range(3):
        tick(world)
        opened.append(sum(len(plan.open) for plan in world.plans))
        world.carry_out()
    assert opened == [RESTORED_AT_ONCE, RESTORED_AT_ONCE, 1]
    assert world.registry.deadline is None
    assert set(world.registry.devices["fe001"].opened) == set(services)


def test_device_that_speaks_is_served_at_once_and_connected() -> None:
    world = restored(remember())
    world.status()
    (plan,) = world.plans
    assert plan.unheard == frozenset()
    world.carry_out()
    assert len(world.replies("device/fe001/DBus")) == 1
    tick(world)
    assert world.plans == []


def test_status_of_a_restored_service_connects_it() -> None:
    world = restored(remember())
    tick(world)
    world.carry_out()
    world.status()
    assert world.others == [Write(ServiceKey("fe001", "t1"), {})]


def test_proxy_of_a_service_that_is_not_back_yet_opens_it_and_is_not_lost() -> None:
    world = restored(remember(services={"t1": "temperature"}))
    values = {"topicPath": f"W/{PORTAL}/temperature/1", "values": {"Temperature": 5}}
    world.send("device/fe001/Proxy", values)
    world.carry_out()
    assert world.others == [Write(ServiceKey("fe001", "t1"), {"Temperature": 5.0})]
    assert not world.registry.is_stale(ServiceKey("fe001", "t1"))


def test_forgotten_devices_do_not_come_back() -> None:
    world = World()
    world.registered()
    assert len(world.registry.remembered()) == 1
    world.send("device/fe001/Status", b"")
    world.carry_out()
    assert world.registry.remembered() == []


def test_retained_last_will_of_before_the_restart_does_not_end_a_restored_device() -> None:
    world = restored(remember(lwt_topic="tele/LWT", lwt_value="Offline"))
    world.take(world.registry.reconnect())
    world.send("tele/LWT", b"Offline", retained=True)
    assert world.registry.devices["fe001"].wanted is not None
    world.send("tele/LWT", b"Offline")
    assert world.registry.remembered() == []


def test_record_of_an_unknown_type_waits_and_is_kept() -> None:
    record = {"clientId": "x", "connected": 1, "services": {"t": "mine"}, "version": None}
    world = restored([record, *remember()])
    assert set(world.registry.devices) == {"fe001"}
    assert record in world.registry.remembered()
    assert any("waits" in note for note in world.notes)
    world.status("x", services={"t": "tank"})
    assert record not in world.registry.remembered()


def test_waiting_record_can_be_forgotten() -> None:
    world = restored([{"clientId": "x", "connected": 1, "services": {"t": "mine"}}])
    world.send("device/x/Status", b"")
    assert world.registry.remembered() == []


def test_nonsense_in_the_file_is_left_out() -> None:
    world = restored([None, 5, {"clientId": 7}, *remember()])
    assert set(world.registry.devices) == {"fe001"}


def test_restoring_respects_the_limit() -> None:
    records = remember(services={"a": "tank", "b": "tank"})
    world = restored(records, max_services=1)
    assert world.registry.devices == {}
    assert world.registry.remembered() == records


def test_device_that_cannot_be_kept_costs_no_other_its_memory_and_is_named_once() -> None:
    world = World(max_devices=300)
    topic = "\u00e9" * 512
    for number in range(260):
        world.status(f"x{number}", services={}, lwt_topic=topic, lwt_value="y" * 1000, version="\u00e9" * 255)
    world.status("honest", services={"t": "tank"})
    records = world.registry.remembered()
    assert len(json.dumps(records)) < SIZE_LIMIT_BYTES
    assert "honest" in {record["clientId"] for record in records}
    world.registry.remembered()
    world.status("honest", services={"t": "tank"}, version="v2")
    world.status("honest", services={"t": "tank"}, version="v3")
    assert len([note for note in world.notes if note.startswith("Not kept over a restart")]) == 1


def test_device_that_the_operator_does_not_let_in_any_more_is_not_restored() -> None:
    records = [*remember(), *remember(client_id="evil")]
    world = restored(records, clients={"fe001": "geheim"}, allows_others=False)
    assert set(world.registry.devices) == {"fe001"}
    assert [note for note in world.notes if "evil" in note and "mqtt-devices.yml" in note]
    world.send("device/evil/t1/Temperature", 5)
    assert world.others == []
    assert len(world.registry.remembered()) == 2, "should it be let in again"


def test_device_of_a_mapping_rule_is_let_in_by_that_rule() -> None:
    def rule(client_id: str, device: str) -> MappingRule:
        values = {"tele/{device}/SENSOR": (MappedPath(service_id="t", path="Temperature"),)}
        return MappingRule(client_id=client_id, device=device, services={"t": "tank"}, values=values)

    records = [*remember(client_id="shed"), *remember(client_id="plug_a_1"), *remember(client_id="plugin")]
    world = World(started=False, rules=[rule("shed", "x"), rule("plug_{device}", "+")], allows_others=False)
    world.take(world.registry.restore(records))
    assert set(world.registry.devices) == {"shed", "plug_a_1"}


def test_status_that_a_broker_has_kept_opens_services_and_does_not_count_as_being_heard() -> None:
    world = restored(remember())
    world.status(retained=True)
    (plan,) = world.plans
    assert plan.unheard == frozenset({"t1"})
    world.carry_out()
    assert len(world.replies("device/fe001/DBus")) == 1
    world.status(retained=True)
    assert world.others == []
    assert world.registry.is_stale(ServiceKey("fe001", "t1"))
    world.send("device/fe001/t1/Temperature", 5)
    assert not world.registry.is_stale(ServiceKey("fe001", "t1"))
    world.status(retained=True)
    assert not world.registry.is_stale(ServiceKey("fe001", "t1")), "the broker was away"


def test_device_that_is_new_by_a_status_that_a_broker_has_kept_is_not_heard_yet() -> None:
    world = World()
    world.status(services={"g": "grid"}, retained=True)
    (plan,) = world.plans
    assert plan.unheard == frozenset({"g"})
    world.carry_out()
    assert world.registry.deadline is None
    world.status(services={"g": "grid", "t": "tank"}, retained=True)
    world.status(services={"g": "grid", "t": "tank"})
    (plan,) = world.plans
    assert world.others == [Write(ServiceKey("fe001", "g"), {})], "connected now"
    world.carry_out()
    assert not any(world.registry.is_stale(ServiceKey("fe001", name)) for name in ("g", "t"))
    assert world.registry.deadline is not None


def test_silent_service_that_is_to_be_away_is_not_brought_back_by_what_a_broker_has_kept() -> None:
    world = World()
    services = {"g": {"type": "grid", "timeout": 5, "onTimeout": "disconnect"}}
    world.registered(services=services)
    world.now += 6
    world.take(world.registry.tick(world.now))
    world.carry_out()
    world.status(services=services, retained=True)
    assert world.plans == []
    world.send("device/fe001/g/Ac/Power", 5)
    world.carry_out()
    assert world.others == [Write(ServiceKey("fe001", "g"), {"Ac/Power": 5.0})]


def test_device_that_registers_while_it_is_being_restored_is_connected() -> None:
    world = restored(remember())
    tick(world)
    world.status()
    world.carry_out()
    assert world.others == [Write(ServiceKey("fe001", "t1"), {})]
    assert not world.registry.is_stale(ServiceKey("fe001", "t1"))
