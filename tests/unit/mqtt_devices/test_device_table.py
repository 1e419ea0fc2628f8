"""Staleness and values that wait for their service, through the registry."""

from __future__ import annotations

from typing import Any

import pytest

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.effects import Expire, ServiceKey, Write
from mqtt_devices.protocol.staleness import OnTimeout
from tests.unit.mqtt_devices.test_registry import World

KEY = ServiceKey("fe001", "g")


def grid(**fields: Any) -> World:
    world = World()
    world.registered(services={"g": {"type": "grid", **fields}})
    return world


def wait(world: World, seconds: float) -> None:
    world.now += seconds
    world.take(world.registry.tick(world.now))


def write(world: World, power: float = 5) -> None:
    world.send("device/fe001/g/Ac/Power", str(power).encode())


def test_default_of_the_type_counts_from_the_last_value() -> None:
    world = grid()
    wait(world, 20)
    write(world)
    world.others.clear()
    wait(world, 29)
    assert world.others == []
    wait(world, 2)
    assert world.others == [Expire(KEY, OnTimeout.INVALID)]
    assert world.registry.is_stale(KEY)


def test_types_without_timeout_never_expire() -> None:
    world = World()
    world.registered(services={"t": "tank"})
    assert world.registry.deadline is None


@pytest.mark.parametrize("action", [OnTimeout.HOLD, OnTimeout.ZERO, OnTimeout.INVALID])
def test_device_decides(action: OnTimeout) -> None:
    world = grid(timeout=5, onTimeout=action)
    wait(world, 6)
    assert world.others == [Expire(KEY, action)]


def test_timeout_of_the_device_is_for_all_its_services() -> None:
    world = World()
    world.registered(services={"g": "grid", "t": "tank"}, timeout=7)
    wait(world, 8)
    assert {effect.key.service_id for effect in world.others if isinstance(effect, Expire)} == {"g", "t"}


def test_zero_switches_the_default_off() -> None:
    world = grid(timeout=0)
    assert world.registry.deadline is None


def test_value_over_d_bus_keeps_a_service_fresh() -> None:
    world = grid()
    wait(world, 20)
    world.take(world.registry.heard(KEY, world.now))
    wait(world, 20)
    assert world.others == []


def test_service_that_is_to_leave_is_closed_and_returns_with_the_next_value() -> None:
    world = grid(timeout=5, onTimeout="disconnect")
    wait(world, 6)
    assert [plan.close for plan in world.plans] == [("g",)]
    world.carry_out()
    assert world.registry.devices["fe001"].opened == {}
    write(world, 7)
    (plan,) = world.plans
    assert dict(plan.open) == {"g": "grid"}
    world.carry_out()
    assert world.others == [Write(KEY, {"Ac/Power": 7.0})]
    wait(world, 6)
    assert [plan.close for plan in world.plans] == [("g",)]


def test_value_that_comes_while_a_silent_service_is_being_closed_brings_it_back() -> None:
    world = grid(timeout=5, onTimeout="disconnect")
    wait(world, 6)
    write(world, 7)
    world.carry_out()
    assert set(world.registry.devices["fe001"].opened) == {"g"}
    assert world.others == [Write(KEY, {"Ac/Power": 7.0})]


def test_new_timeout_in_a_status_counts_at_once() -> None:
    world = grid()
    world.status(services={"g": {"type": "grid", "timeout": 5}})
    wait(world, 6)
    assert world.others == [Expire(KEY, OnTimeout.INVALID)]


def test_status_alone_does_not_make_old_values_fresh() -> None:
    world = grid()
    wait(world, 31)
    world.others.clear()
    world.status(services={"g": {"type": "grid"}})
    assert world.others == []
    assert world.registry.is_stale(KEY)


def test_going_silent_and_coming_back_are_told_once() -> None:
    world = grid()
    world.notes.clear()
    wait(world, 31)
    wait(world, 31)
    write(world)
    write(world)
    assert len([note for note in world.notes if "silent" in note]) == 1
    assert len([note for note in world.notes if "again" in note]) == 1


def test_values_wait_while_their_service_is_being_opened_the_latest_counts() -> None:
    world = World()
    world.status(services={"g": "grid"})
    write(world, 1)
    write(world, 2)
    assert world.others == []
    world.carry_out()
    assert world.others == [Write(KEY, {"Ac/Power": 2.0})]


def test_values_of_a_service_that_cannot_be_opened_are_dropped() -> None:
    world = World()
    world.status(services={"g": "grid"})
    write(world, 1)
    world.carry_out(g=Rejected(Reason.BUS_FAILED, "", "no"))
    wait(world, 10)
    world.carry_out()
    assert world.others == []


def test_closed_service_has_no_clock() -> None:
    world = grid()
    world.status(services={})
    world.carry_out()
    assert world.registry.deadline is None
    world.take(world.registry.heard(KEY, world.now))
    assert world.others == []


def test_last_will_may_keep_the_services() -> None:
    world = World(last_will_keeps=True)
    world.registered(services={"g": "grid"}, lwt_topic="lwt")
    world.send("lwt", b"false")
    assert world.others == [Expire(KEY, OnTimeout.INVALID)]
    assert world.plans == []


def test_values_for_a_type_that_is_no_longer_wanted_are_not_written_to_the_new_one() -> None:
    world = World()
    world.status(services={"g": "tank"})
    world.send("device/fe001/g/Level", b"5")
    world.status(services={"g": "gps"})
    world.carry_out()
    assert world.others == []


def test_values_for_a_new_type_wait_until_the_old_one_is_gone() -> None:
    world = World()
    world.registered(services={"g": "tank"})
    world.status(services={"g": "tank", "x": "tank"})  # a plan that leaves g alone
    world.send("device/fe001/g", {"type": "gps", "Speed": 3})
    assert world.others == []
    world.carry_out()
    assert world.others == [Write(KEY, {"Speed": 3.0})]
