from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.changes import ECHO_S, parse_result
from mqtt_devices.protocol.effects import Answer, Publish, ServiceKey
from tests.service_types import TYPES
from tests.unit.mqtt_devices.payloads import payloads
from tests.unit.mqtt_devices.test_registry import World

KEY = ServiceKey("ev", "e")
EVCHARGER = TYPES["evcharger"].paths
START, MAXIMUM = EVCHARGER["StartStop"], EVCHARGER["MaxCurrent"]


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b"true", True),
        (b"1", True),
        (b"OK", True),
        (b"accepted", True),
        (b'{"accepted": true}', True),
        (b"false", False),
        (b"0", False),
        (b"Refused", False),
        (b'{"accepted": 0, "reason": "too hot"}', False),
    ],
)
def test_result_is_yes_or_no(payload: bytes, answer: bool) -> None:  # noqa: FBT001 - a table
    assert parse_result(payload).is_accepted is answer


@pytest.mark.parametrize("payload", [b"", b"maybe", b"2", b"{}", b"[1]", b'{"accepted": "perhaps"}', b"\xff"])
def test_anything_else_is_no_result(payload: bytes) -> None:
    with pytest.raises(Rejected):
        parse_result(payload)


@given(payloads)
def test_any_payload_is_a_result_or_refused(payload: bytes) -> None:
    with contextlib.suppress(Rejected):
        assert parse_result(payload).is_accepted in (True, False)


def charger() -> World:
    world = World()
    world.registered("ev", services={"e": "evcharger"})
    return world


def ask(world: World, rule: Any = START, value: Any = 1) -> None:
    world.take(world.registry.change(KEY, rule, value, world.now))


def test_device_is_told_and_its_answer_is_passed_on() -> None:
    world = charger()
    ask(world)
    (told,) = world.published
    assert told == Publish("device/ev/e/Set/StartStop", json.dumps({"value": 1}), expires=True)
    world.send("device/ev/e/Result/StartStop", b"false")
    assert world.others == [Answer(KEY, "StartStop", is_accepted=False)]
    world.send("device/ev/e/Result/StartStop", b"true")
    assert len(world.others) == 1, "only the first answer counts"


def test_value_that_was_asked_for_is_an_answer_another_is_not() -> None:
    world = charger()
    ask(world)
    world.send("device/ev/e/StartStop", b"0")
    world.send("device/ev/e", {"StartStop": 1})
    assert [one for one in world.others if isinstance(one, Answer)] == [Answer(KEY, "StartStop", is_accepted=True)]


def test_change_without_answer_is_pending_until_the_device_says_something_about_it() -> None:
    world = charger()
    ask(world)
    world.registry.unanswered(KEY, START)
    assert world.registry.pending_changes == {(KEY, "StartStop"): 1}
    world.send("device/ev/e/StartStop", b"0")
    assert world.registry.pending_changes == {}


def test_late_answer_ends_pending() -> None:
    world = charger()
    ask(world)
    world.registry.unanswered(KEY, START)
    world.send("device/ev/e/Result/StartStop", b"true")
    assert (world.registry.pending_changes, world.others) == ({}, [])


def test_device_that_has_never_sent_a_result_is_awaited_once() -> None:
    world = charger()
    limit = TYPES["pvinverter"].paths["Ac/PowerLimit"]
    assert world.registry.is_awaited(KEY, START)
    assert not world.registry.is_awaited(KEY, limit), "written again and again"
    ask(world, limit, 5.0)
    world.registry.unanswered(KEY, limit)
    assert world.registry.is_awaited(KEY, START), "it had no time"
    ask(world)
    world.registry.unanswered(KEY, START)
    assert not world.registry.is_awaited(KEY, MAXIMUM)
    assert world.registry.is_awaited(ServiceKey("ev", "other"), START)
    world.send("device/ev/e", {"StartStop": 1, "Current": 5})
    assert not world.registry.is_awaited(KEY, START)
    world.send("device/ev/e/Result/StartStop", b"true")
    assert world.registry.is_awaited(KEY, START)
    ask(world)
    world.registry.unanswered(KEY, START)
    assert world.registry.is_awaited(KEY, START), "it can answer, and may refuse the next"


def test_device_that_comes_again_is_awaited_again() -> None:
    world = charger()
    ask(world)
    world.registry.unanswered(KEY, START)
    world.status("ev", connected=0)
    world.carry_out()
    world.status("ev", services={"e": "evcharger"})
    assert world.registry.is_awaited(KEY, START)


def test_settings_are_told_again_when_the_device_is_back_commands_are_not() -> None:
    world = charger()
    for rule, value in ((START, 1), (MAXIMUM, 16.0)):
        ask(world, rule, value)
        world.registry.unanswered(KEY, rule)
    world.published.clear()
    world.status("ev", services={"e": "evcharger"})
    told = [one for one in world.published if "/Set/" in one.topic]
    assert told == [Publish("device/ev/e/Set/MaxCurrent", json.dumps({"value": 16.0}), expires=True)]


def test_command_is_told_again_unless_it_comes_back_at_once_as_an_echo() -> None:
    world = charger()
    assert world.registry.is_told_again(KEY, START, world.now), "from before a restart"
    ask(world)
    assert not world.registry.is_told_again(KEY, START, world.now + ECHO_S / 2)
    assert world.registry.is_told_again(KEY, START, world.now + ECHO_S)


def test_setting_is_told_again_while_the_device_has_not_answered() -> None:
    world = charger()
    assert not world.registry.is_told_again(KEY, MAXIMUM, world.now)
    ask(world, MAXIMUM, 16.0)
    world.registry.unanswered(KEY, MAXIMUM)
    assert world.registry.is_told_again(KEY, MAXIMUM, world.now)
    world.send("device/ev/e/Result/MaxCurrent", b"true")
    assert not world.registry.is_told_again(KEY, MAXIMUM, world.now)


def test_bad_result_is_complained_about() -> None:
    world = charger()
    world.send("device/ev/e/Result/StartStop", b"maybe")
    assert world.replies("device/ev/Error")[0]["field"] == "accepted"


def test_device_that_leaves_takes_its_changes_with_it() -> None:
    world = charger()
    ask(world)
    world.registry.unanswered(KEY, START)
    world.status("ev", connected=0)
    assert world.registry.pending_changes == {}
    world.carry_out()
    ask(world)
    assert world.replies("device/ev/e/Set/StartStop") == [{"value": 1}], "only the first one"


def test_what_was_set_never_comes_back_as_data() -> None:
    world = charger()
    world.send("device/ev/e/Set/StartStop", {"value": 1})
    assert (world.others, world.published) == ([], [])


@pytest.mark.parametrize(
    ("payload", "broker", "reason"),
    [
        (b"false", "", "not_allowed"),
        (b'{"accepted": false, "secret": "guess"}', "", "not_allowed"),
        (b'{"accepted": false, "secret": "geheim"}', "elsewhere", "not_yours"),
    ],
)
def test_nobody_else_answers_for_a_device(payload: bytes, broker: str, reason: str) -> None:
    world = World(clients={"ev": "geheim"})
    world.registered("ev", services={"e": "evcharger"}, secret="geheim")  # noqa: S106 - of a test
    ask(world)
    world.send("device/ev/e/Result/StartStop", payload, broker=broker)
    assert world.others == []
    assert world.replies("device/ev/Error")[0]["reason"] == reason
    world.send("device/ev/e/Result/StartStop", {"accepted": False, "secret": "geheim"})
    assert world.others == [Answer(KEY, "StartStop", is_accepted=False)]
