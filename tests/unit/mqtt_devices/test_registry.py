from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.admission import Policy
from mqtt_devices.protocol.device import FIRST_RETRY_S
from mqtt_devices.protocol.effects import (
    Answer,
    Effect,
    Note,
    Outcome,
    Plan,
    Publish,
    Remember,
    ServiceKey,
    Subscribe,
    Unsubscribe,
    Write,
)
from mqtt_devices.protocol.inbox import Inbox, Message
from mqtt_devices.protocol.mapping import MappedPath, Mapper, MappingRule
from mqtt_devices.protocol.registry import Registry
from mqtt_devices.protocol.service_types import PathRule, ValueKind
from tests.service_types import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

PORTAL = "c0619ab00000"


class World:
    """A registry with a shell that carries plans out when told to."""

    def __init__(self, *, started: bool = True, rules: Iterable[MappingRule] = (), **policy: Any) -> None:
        self.registry = Registry(TYPES, Policy(**policy), Mapper(rules))
        self.now = 1000.0
        self.plans: list[Plan] = []
        self.published: list[Publish] = []
        self.others: list[Effect] = []
        self.notes: list[str] = []
        self.routine: list[str] = []
        self.remembered = 0
        self.instances: dict[tuple[str, str, str], int] = {}
        if started:
            self.take(self.registry.start(PORTAL))

    def take(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Plan():
                    self.plans.append(effect)
                case Publish():
                    self.published.append(effect)
                case Note():
                    (self.routine if effect.is_routine else self.notes).append(effect.text)
                case Remember():
                    self.remembered += 1
                case _:
                    self.others.append(effect)

    def send(self, topic: str, payload: object, *, retained: bool = False, broker: str = "") -> None:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.now += 2.0
        self.take(self.registry.receive(Message(topic, raw, retained, broker), self.now))

    def status(
        self, client_id: str = "fe001", level: str | None = None, *, retained: bool = False, **fields: Any
    ) -> None:
        message = {"clientId": client_id, "connected": 1, "version": "v1", "services": {"t1": "temperature"}, **fields}
        self.send(f"device/{level or client_id}/Status", message, retained=retained)

    def carry_out(self, **failures: Rejected) -> None:
        """Carry out all plans, and those that follow from them."""
        while self.plans:
            self.carry_out_one(**failures)

    def carry_out_one(self, **failures: Rejected) -> None:
        """Carry out the oldest plan, if there is one."""
        for plan in self.plans[:1]:
            self.plans.remove(plan)
            opened = {}
            for name, kind in plan.open.items():
                if name not in failures:
                    same = [key for key in self.instances if key[0] == kind]
                    opened[name] = self.instances.setdefault((kind, plan.client_id, name), len(same) + 1)
            failed = {name: problem for name, problem in failures.items() if name in plan.open}
            self.take(self.registry.applied(Outcome(plan.client_id, opened, failed), self.now))

    def replies(self, topic: str) -> list[Any]:
        found = [json.loads(one.payload) for one in self.published if one.topic == topic]
        self.published = [one for one in self.published if one.topic != topic]
        return found

    def registered(self, *args: Any, **fields: Any) -> None:
        self.status(*args, **fields)
        self.carry_out()
        self.published.clear()
        self.others.clear()


def test_registration_is_planned_and_answered_when_carried_out() -> None:
    world = World()
    world.status(services={"t1": "temperature", "tk": "tank"})
    assert world.plans == [Plan("fe001", "v1", (), {"t1": "temperature", "tk": "tank"}, ())]
    assert world.published == []
    world.carry_out()
    (reply,) = world.replies("device/fe001/DBus")
    assert reply["portalId"] == PORTAL
    assert reply["deviceInstance"] == {"t1": 1, "tk": 1}
    assert reply["topicPath"]["tk"]["W"] == f"W/{PORTAL}/tank/1"
    assert world.published == []
    assert "Registered Service com.victronenergy.tank.mqtt_fe001_tk under DeviceInstance 1" in world.notes


def test_services_that_fail_in_turn_are_not_tried_in_turn_for_ever() -> None:
    world = World()
    world.status(services={"a": "tank", "b": "gps"})
    refusal = Rejected(Reason.SERVICE_LIMIT, "", "no")
    world.carry_out(a=refusal)
    world.registry.lost(ServiceKey("fe001", "b"), world.now)
    world.now += FIRST_RETRY_S
    world.take(world.registry.tick(world.now))
    for _ in range(10):
        world.carry_out_one(a=refusal, b=refusal)
    assert world.plans == []
    assert set(world.registry.devices["fe001"].failed) == {"a", "b"}


def test_failure_of_a_type_that_is_not_wanted_any_more_does_not_count() -> None:
    world = World()
    world.status(services={"a": "tank"})
    world.status(services={"a": "gps"})
    world.carry_out_one(a=Rejected(Reason.SERVICE_LIMIT, "", "no"))
    world.carry_out()
    device = world.registry.devices["fe001"]
    assert {name: opened.service_type for name, opened in device.opened.items()} == {"a": "gps"}
    assert not device.failed


def test_reply_goes_to_the_client_id_whatever_the_level() -> None:
    world = World()
    world.status(level="elsewhere")
    world.carry_out()
    assert len(world.replies("device/fe001/DBus")) == 1


def test_same_status_again_is_only_answered() -> None:
    world = World()
    world.registered()
    world.status()
    assert world.plans == []
    assert world.replies("device/fe001/DBus")[0]["deviceInstance"] == {"t1": 1}


def test_deprecated_reply_is_sent_when_configured() -> None:
    world = World(sends_device_instance=True)
    world.status()
    world.carry_out()
    assert world.replies("device/fe001/DeviceInstance") == [{"t1": 1}]


def test_status_before_the_start_is_kept_and_answered_after_it() -> None:
    world = World(started=False)
    world.status()
    world.status("b", connected=0)
    assert world.plans == []
    world.take(world.registry.start(PORTAL))
    world.carry_out()
    assert len(world.replies("device/fe001/DBus")) == 1
    world.take(world.registry.start(PORTAL))
    assert world.published == []


def test_other_portal_id_is_told_to_all() -> None:
    world = World()
    world.registered()
    world.take(world.registry.start("aabbccddeeff"))
    assert world.replies("device/fe001/DBus")[0]["portalId"] == "aabbccddeeff"


def test_many_statuses_while_one_is_carried_out_become_one_plan() -> None:
    world = World()
    world.status(services={"a": "tank"})
    for number in range(50):
        world.status(services={f"s{number}": "gps"}, version=str(number))
    assert len(world.plans) == 1
    world.carry_out()
    assert world.replies("device/fe001/DBus") == [
        {
            "portalId": PORTAL,
            "deviceInstance": {"s49": 1},
            "topicPath": {"s49": {letter: f"{letter}/{PORTAL}/gps/1" for letter in "NRW"}},
        }
    ]
    assert set(world.registry.devices["fe001"].opened) == {"s49"}


def test_departure_while_registering_undoes_it_without_a_reply() -> None:
    world = World()
    world.status()
    world.status(connected=0)
    world.carry_out()
    assert world.published == []
    assert dict(world.registry.devices) == {}


def test_departure_and_return_while_leaving_ends_registered() -> None:
    world = World()
    world.registered()
    world.status(connected=0)
    world.status()
    world.carry_out()
    assert set(world.registry.devices["fe001"].opened) == {"t1"}
    assert len(world.replies("device/fe001/DBus")) == 1


def test_empty_status_forgets_the_device_of_that_level_only() -> None:
    world = World()
    world.registered()
    world.registered("other")
    world.send("device/fe001/Status", b"")
    world.carry_out()
    assert set(world.registry.devices) == {"other"}
    world.send("device/nobody/Status", b"")
    assert world.published == []


def test_departure_of_an_unknown_device_is_noted_and_not_answered() -> None:
    world = World()
    world.status("ghost", connected=0)
    assert (world.plans, world.published) == ([], [])
    assert "Device ghost is not registered" in world.notes
    count = len(world.notes)
    for _ in range(10):
        world.status("ghost", connected=0)
    assert len(world.notes) == count
    assert len(world.routine) == 11, "each Status"
    world.now += 60.0
    world.status("ghost", connected=0)
    assert world.notes[-1] == "Device ghost is not registered, for the 11th time since this was last said"


def test_status_that_repeats_is_routine_and_so_is_its_reply() -> None:
    world = World()
    world.registered()
    world.notes.clear()
    for _ in range(5):
        world.status()
    assert (world.notes, len(world.routine)) == ([], 10), "each Status and its reply"
    assert len(world.replies("device/fe001/DBus")) == 5
    world.status(version="v2")
    world.carry_out()
    received, replied = world.notes
    assert received.startswith("Received device status message")
    assert replied.startswith("publish ")


def test_first_status_after_a_restart_is_news() -> None:
    before = World()
    before.registered()
    world = World(started=False)
    world.take(world.registry.restore(before.registry.remembered()))
    world.take(world.registry.start(PORTAL))
    world.take(world.registry.tick(world.now))
    world.carry_out()
    world.notes.clear()
    world.status()
    assert any("Received device status message" in note for note in world.notes)


def test_rejected_status_is_answered_on_its_level_and_changes_nothing() -> None:
    world = World()
    world.registered()
    world.send("device/fe001/Status", {"clientId": "fe001", "connected": 1, "services": {"t1": "toaster"}})
    (error,) = world.replies("device/fe001/Error")
    assert (error["reason"], error["field"]) == ("unknown_type", "services.t1")
    assert error["topic"] == "device/fe001/Status"
    assert world.plans == []
    assert set(world.registry.devices["fe001"].opened) == {"t1"}
    assert world.registry.rejected == 1


def test_errors_go_out_once_a_second_and_level() -> None:
    world = World()
    for level in ("a", "a", "b"):
        world.take(world.registry.receive(Message(f"device/{level}/Proxy", b"5", retained=False), 5.0))
    assert [one.topic for one in world.published] == ["device/a/Error", "device/b/Error"]


def test_level_too_long_is_not_answered() -> None:
    world = World()
    world.send(f"device/{'x' * 1000}/Status", b"5")
    assert world.published == []
    assert all(len(note) < 1000 for note in world.notes)


def test_other_topics_are_nobodys_business() -> None:
    world = World()
    for topic in (
        "device/a/DBus",
        "device/a/Error",
        "device/a/Set/x",
        "device/a/t/Set/Mode",
        "device/Status",
        "other/a/Status",
        "",
    ):
        world.send(topic, b"5")
    assert (world.published, world.notes) == ([], [])


def test_failed_service_is_reported_and_the_others_are_answered() -> None:
    world = World()
    world.status(services={"a": "tank", "b": "gps", "c": "grid"})
    world.carry_out(a=Rejected(Reason.NAME_TAKEN, "", "taken"), c=Rejected(Reason.BUS_FAILED, "", "broken"))
    (error,) = world.replies("device/fe001/Error")
    assert (error["reason"], error["field"]) == ("name_taken", "services.a")
    assert "c" in error["rule"]
    assert world.replies("device/fe001/DBus")[0]["deviceInstance"] == {"b": 1}


def test_failure_of_the_gx_is_retried_and_then_answered() -> None:
    world = World()
    world.status()
    world.carry_out(t1=Rejected(Reason.SETTINGS_FAILED, "", "no answer"))
    world.replies("device/fe001/DBus")
    deadline = world.registry.deadline
    assert deadline is not None
    assert world.registry.tick(deadline - 0.1) == []
    world.take(world.registry.tick(deadline))
    world.carry_out()
    assert world.registry.deadline is None
    assert world.replies("device/fe001/DBus")[0]["deviceInstance"] == {"t1": 1}


def test_failure_of_what_is_no_longer_wanted_is_nobodys_business() -> None:
    world = World()
    world.status(services={"a": "tank", "b": "tank"})
    world.status(services={"a": "gps"})
    (plan,) = world.plans
    world.plans.clear()
    problem = Rejected(Reason.BUS_FAILED, "", "broken")
    world.take(world.registry.applied(Outcome(plan.client_id, {}, {"a": problem, "b": problem}), world.now))
    assert world.published == []
    assert world.registry.deadline is None
    world.carry_out()
    assert world.replies("device/fe001/DBus")[0]["topicPath"]["a"]["W"] == f"W/{PORTAL}/gps/1"


def test_lost_services_are_opened_again_after_a_while_in_which_nothing_is_said() -> None:
    world = World()
    world.registered(services={"a": "tank", "b": "tank", "c": "tank"})
    world.notes.clear()
    for name in ("a", "b", "a"):
        world.registry.lost(ServiceKey("fe001", name), world.now)
    world.registry.lost(ServiceKey("nobody", "a"), world.now)
    assert world.registry.deadline == world.now + FIRST_RETRY_S
    world.send("device/fe001/a/Level", 5)
    assert (world.plans, world.notes, world.published) == ([], [], [])
    world.now += FIRST_RETRY_S
    world.take(world.registry.tick(world.now))
    assert world.plans == [Plan("fe001", "v1", (), {"a": "tank", "b": "tank"}, ())]
    assert len([note for note in world.notes if "lost its D-Bus connection" in note]) == 2
    world.carry_out()
    assert world.others == [Write(ServiceKey("fe001", "a"), {"Level": 5.0})]
    assert world.registry.deadline is None


def test_lost_service_of_a_device_that_registers_again_is_opened_at_once() -> None:
    world = World()
    world.registered()
    world.registry.lost(ServiceKey("fe001", "t1"), world.now)
    world.status()
    assert world.plans == [Plan("fe001", "v1", (), {"t1": "temperature"}, ())]
    assert world.registry.deadline is None


def test_name_clash_is_refused_and_harms_nobody() -> None:
    world = World()
    world.registered("a_b", services={"c": "tank"})
    world.status("a", services={"b_c": "temperature"})
    assert world.replies("device/a/Error")[0]["reason"] == "name_clash"
    assert world.plans == []
    assert set(world.registry.devices) == {"a_b"}
    world.status("a_b", connected=0)
    world.carry_out()
    world.status("a", services={"b_c": "temperature"})
    world.carry_out()
    assert len(world.replies("device/a/DBus")) == 1


def test_proxy_writes_typed_values_of_the_own_service() -> None:
    world = World()
    world.registered()
    world.send("device/fe001/Proxy", {"topicPath": f"W/{PORTAL}/temperature/1", "values": {"Temperature": "23.41"}})
    assert world.others == [Write(ServiceKey("fe001", "t1"), {"Temperature": 23.41})]


def test_proxy_may_come_by_the_level_that_the_status_came_by() -> None:
    world = World()
    world.registered(level="lvl")
    for level in ("lvl", "fe001"):
        world.send(f"device/{level}/Proxy", {"topicPath": f"W/{PORTAL}/temperature/1", "values": {"Temperature": 1}})
    assert len(world.others) == 2


def test_proxy_for_what_the_device_has_not_registered_is_refused() -> None:
    world = World()
    world.registered()
    world.registered("other", services={"t": "temperature", "tk": "tank"})
    for topic_path in (
        f"W/{PORTAL}/settings/0",
        f"W/{PORTAL}/temperature/2",
        f"W/{PORTAL}/tank/1",
        "W/other/temperature/1",
        f"W/{PORTAL}/temperature/9",
    ):
        world.send("device/fe001/Proxy", {"topicPath": topic_path, "values": {"Temperature": 1}})
        assert world.replies("device/fe001/Error")[0]["reason"] == "not_yours", topic_path
    assert world.others == []


def test_proxy_writes_what_fits_and_names_the_rest() -> None:
    world = World()
    world.registered()
    values = {"Temperature": 20, "Humidity": "wet", "Rssi": -60}
    world.send("device/fe001/Proxy", {"topicPath": f"W/{PORTAL}/temperature/1", "values": values})
    (error,) = world.replies("device/fe001/Error")
    assert (error["reason"], error["field"], error["accepted"]) == ("wrong_type", "values.Humidity", True)
    assert "Rssi" in error["rule"]
    assert world.others == [Write(ServiceKey("fe001", "t1"), {"Temperature": 20.0})]
    assert world.registry.rejected == 0


def test_proxy_of_which_nothing_fits_is_rejected() -> None:
    world = World()
    world.registered()
    world.send("device/fe001/Proxy", {"topicPath": f"W/{PORTAL}/temperature/1", "values": {"Rssi": -60}})
    (error,) = world.replies("device/fe001/Error")
    assert (error["reason"], error["field"], error["accepted"]) == ("unknown_path", "values.Rssi", False)
    assert world.others == []


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("device/fe001/Proxy", {"topicPath": f"W/{PORTAL}/temperature/1", "values": {"Temperature": 20}}),
        ("device/fe001/t1", {"Temperature": 20}),
        ("device/fe001/t1/Temperature", 20),
        ("device/fe001/t1/Result/TemperatureType", False),
    ],
)
def test_what_a_broker_has_kept_is_not_taken_and_the_device_is_told(topic: str, payload: object) -> None:
    world = World()
    world.registered()
    world.send(topic, payload, retained=True)
    (error,) = world.replies("device/fe001/Error")
    assert (error["reason"], error["accepted"]) == ("retained", False)
    assert world.others == []


def test_retained_registration_holds_without_its_values_and_the_device_is_told() -> None:
    world = World()
    for _ in range(2):
        world.send("device/fe001/t1", {"type": "temperature", "Temperature": 20}, retained=True)
        world.carry_out()
        (error,) = world.replies("device/fe001/Error")
        assert (error["reason"], error["accepted"]) == ("retained", True)
    world.send("device/fe001/t1", {"version": "v2", "Temperature": 20}, retained=True)
    world.carry_out()
    assert world.replies("device/fe001/Error")[0]["accepted"]
    assert world.registry.devices["fe001"].opened["t1"].version == "v2"
    assert world.others == []


def test_payload_beyond_all_length_is_answered() -> None:
    world = World()
    inbox = Inbox()
    inbox.put(Message("device/fe001/Status", b"x" * 1_000_000, retained=False))
    message = inbox.pop()
    assert message is not None
    world.take(world.registry.receive(message, world.now))
    assert world.replies("device/fe001/Error")[0]["reason"] == "too_long"


def test_proxy_publishes_to_the_gateway_when_configured() -> None:
    world = World(proxy_publishes=True)
    world.registered()
    values = {"Temperature": "20", "Humidity": 5}
    world.send("device/fe001/Proxy", {"topicPath": f"W/{PORTAL}/temperature/1", "values": values})
    assert world.published == [
        Publish(f"W/{PORTAL}/temperature/1/Temperature", '{"value": 20.0}'),
        Publish(f"W/{PORTAL}/temperature/1/Humidity", '{"value": 5.0}'),
    ]


def test_proxy_to_any_service_goes_through_the_gateway_when_allowed() -> None:
    world = World(proxy_checks_owner=False)
    world.registered("other")
    world.send("device/x/Proxy", {"topicPath": f"W/{PORTAL}/evcharger/40", "values": {"SetCurrent": 6}})
    assert world.published == [Publish(f"W/{PORTAL}/evcharger/40/SetCurrent", '{"value": 6}')]
    world.send("device/x/Proxy", {"topicPath": f"W/{PORTAL}/temperature/1", "values": {"Temperature": 6}})
    assert world.others == [Write(ServiceKey("other", "t1"), {"Temperature": 6.0})]


def test_last_will_is_subscribed_followed_and_given_up() -> None:
    world = World()
    world.status(lwt_topic="tele/x/LWT", lwt_value="Offline")
    assert world.others == [Subscribe("tele/x/LWT")]
    world.carry_out()
    effects = world.registry.reconnect()
    assert effects[0] == Subscribe("tele/x/LWT")
    state, announcement = effects[1:]
    assert isinstance(state, Publish)
    assert isinstance(announcement, Publish)
    assert (state.topic, state.retain) == ("venus-daemons/mqtt-devices/state", True)
    assert json.loads(state.payload) == {"state": "online", "portalId": PORTAL}
    assert (announcement.topic, announcement.retain) == ("venus-daemons/mqtt-devices/announcement", False)
    world.send("tele/x/LWT", b"Offline")
    world.carry_out()
    assert world.others == [Subscribe("tele/x/LWT"), Unsubscribe("tele/x/LWT")]
    assert dict(world.registry.devices) == {}
    assert not any(isinstance(effect, Subscribe) for effect in world.registry.reconnect())


def test_last_will_is_given_up_by_departure_too() -> None:
    world = World()
    world.registered(lwt_topic="t")
    world.status(connected=0)
    assert world.others == [Unsubscribe("t")]


def test_wildcard_last_will_is_told_but_the_device_registered() -> None:
    world = World()
    world.status(lwt_topic="#")
    world.carry_out()
    (error,) = world.replies("device/fe001/Error")
    assert (error["reason"], error["accepted"]) == ("bad_last_will", True)
    assert len(world.replies("device/fe001/DBus")) == 1
    assert world.others == []


def test_device_that_repeats_a_mistake_gets_each_error_but_one_line_in_the_log() -> None:
    world = World()
    for _ in range(40):  # 2 s apart
        world.send("device/fe001/Proxy", {"topicPath": f"W/{PORTAL}/tank/1", "values": {"Level": 1}})
    assert len(world.published) == 40
    lines = [note for note in world.notes if note.startswith("Rejected")]
    assert len(lines) == 2
    assert "not_yours" in lines[0]
    assert lines[1].endswith("(30 times since the last such line)")


def test_device_is_answered_by_its_own_broker_and_heard_by_no_other() -> None:
    world = World()
    world.send("device/a/t", {"type": "tank", "lwt_topic": "a/lwt"}, broker="house")
    world.carry_out()
    assert {(one.topic, one.broker) for one in world.published} == {("device/a/DBus", "house")}
    assert world.others == [Subscribe("a/lwt", "house")]
    world.published.clear()
    world.send("device/a/t/Level", b"5")
    (error,) = world.published
    assert (error.topic, error.broker) == ("device/a/Error", "")
    assert json.loads(error.payload)["reason"] == "not_yours"
    world.send("a/lwt", b"false")
    assert "a" in world.registry.devices


def test_device_may_move_to_another_broker() -> None:
    world = World()
    world.send("device/a/t", {"type": "tank", "lwt_topic": "a/lwt"}, broker="house")
    world.carry_out()
    world.others.clear()
    world.send("device/a/t", {"type": "tank", "Level": 5})
    assert world.others == [
        Unsubscribe("a/lwt", "house"),
        Subscribe("a/lwt"),
        Write(ServiceKey("a", "t"), {"Level": 5.0}),
    ]
    assert world.registry.remembered()[0].get("broker") is None


@pytest.mark.parametrize(
    ("topic", "payload", "effect"),
    [
        ("device/b/t1", {"Temperature": 5}, Write(ServiceKey("b", "t1"), {"Temperature": 5.0})),
        ("device/b/t1/Temperature", 5, Write(ServiceKey("b", "t1"), {"Temperature": 5.0})),
        ("device/b/t1/Result/Mode", False, Answer(ServiceKey("b", "t1"), "Mode", is_accepted=False)),
    ],
)
def test_no_device_deafens_another_by_its_last_will(topic: str, payload: object, effect: Effect) -> None:
    world = World()
    world.registered("b")
    world.take(
        world.registry.change(ServiceKey("b", "t1"), PathRule(path="Mode", kind=ValueKind.INTEGER), 1, world.now)
    )
    world.registered("a", lwt_topic=topic, lwt_value="bye")
    world.take(world.registry.reconnect())
    world.others.clear()
    world.published.clear()
    world.send(topic, payload)
    assert effect in world.others
    world.send(topic, b"{")
    assert world.replies("device/b/Error"), "and its mistakes are answered"


def test_no_device_keeps_another_from_registering_by_its_last_will() -> None:
    world = World()
    world.registered("a", lwt_topic="device/b/t1")
    world.send("device/b/t1", {"type": "tank", "Level": 5})
    world.carry_out()
    assert world.others == [Write(ServiceKey("b", "t1"), {"Level": 5.0})]


@pytest.mark.parametrize(
    ("level", "topic"),
    [
        ("fe001", "device/fe001/LWT"),
        ("fe001", "device/fe001/t1/LWT"),
        ("fe001", "device/fe001/t1"),
        ("kitchen", "device/kitchen/LWT"),
        ("fe001", "device/elsewhere/state/x"),
    ],
)
@pytest.mark.parametrize(("alive", "gone"), [(b"online", b"Offline"), (b'{"state":1}', b'{"state":0}')])
def test_last_will_on_a_topic_of_the_devices_own_is_no_mistake(
    level: str, topic: str, alive: bytes, gone: bytes
) -> None:
    world = World()
    world.registered(level=level, lwt_topic=topic, lwt_value=gone.decode())
    world.notes.clear()
    world.send(topic, alive)
    assert "fe001" in world.registry.devices
    world.send(topic, gone)
    world.carry_out()
    assert dict(world.registry.devices) == {}
    assert world.published == []
    assert not any(note.startswith("Rejected") for note in world.notes)
    assert world.registry.rejected == 0


def test_last_will_by_the_status_topic_itself_leaves_and_is_answered_when_it_makes_no_sense() -> None:
    world = World()
    world.registered(lwt_topic="device/fe001/Status", lwt_value="gone")
    world.send("device/fe001/Status", b"what")
    assert world.replies("device/fe001/Error")[0]["reason"] == "not_json"
    world.send("device/fe001/Status", {"clientId": "fe001", "connected": 0})
    world.carry_out()
    assert dict(world.registry.devices) == {}


def test_device_that_leaves_takes_no_topic_of_a_mapping_rule_with_it() -> None:
    values = {"tele/plug1/SENSOR": (MappedPath(service_id="t", path="Temperature", pointer=("T",)),)}
    rule = MappingRule(client_id="plug1", device="plug1", services={"t": "temperature"}, values=values)
    world = World(rules=[rule])
    world.registered(lwt_topic="tele/plug1/SENSOR")
    world.status(connected=0)
    assert Unsubscribe("tele/plug1/SENSOR") not in world.others
    world.registered(lwt_topic="tele/plug1/LWT")
    world.status(connected=0)
    assert Unsubscribe("tele/plug1/LWT") in world.others
