from __future__ import annotations

import json

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.answers import announce, answer, sum_up
from mqtt_devices.protocol.device import Device, Opened
from mqtt_devices.protocol.effects import Note, Publish
from mqtt_devices.protocol.status import Registration


def registered() -> Device:
    device = Device("dev", "dev", Registration("dev", "v1", {"a": "tank", "b": "gps"}), broker="house")
    device.opened["a"] = Opened("tank", 4, "v1")
    return device


def test_registration_is_answered_once_with_what_is_there() -> None:
    device = registered()
    reply, note, instances = answer(device, "p0", sends_instances=True)
    assert isinstance(reply, Publish)
    assert isinstance(instances, Publish)
    assert (reply.topic, reply.broker) == ("device/dev/DBus", "house")
    assert json.loads(reply.payload)["deviceInstance"] == {"a": 4}, "b has failed, or is not there yet"
    assert (instances.topic, json.loads(instances.payload)) == ("device/dev/DeviceInstance", {"a": 4})
    assert isinstance(note, Note)
    assert not note.is_routine
    assert answer(device, "p0", sends_instances=True) == []


def test_device_that_repeats_itself_is_answered_and_no_news() -> None:
    device = registered()
    device.repeats_itself = True
    _, note = answer(device, "p0", sends_instances=False)
    assert isinstance(note, Note)
    assert note.is_routine


def test_new_connection_hears_who_is_there_and_that_devices_may_register() -> None:
    state, announcement = announce("p0", "house")
    assert isinstance(state, Publish)
    assert isinstance(announcement, Publish)
    assert (state.topic, state.retain, state.broker) == ("venus-daemons/mqtt-devices/state", True, "house")
    assert (announcement.topic, announcement.retain) == ("venus-daemons/mqtt-devices/announcement", False)


def test_failures_of_several_services_are_one_complaint() -> None:
    one, other = Rejected(Reason.NAME_TAKEN, "", "taken"), Rejected(Reason.BUS_FAILED, "", "gone")
    assert sum_up({"b": one}).rule == "taken"
    problem = sum_up({"b": one, "c": other, "a": other})
    assert (problem.reason, problem.field, problem.rule) == (
        Reason.NAME_TAKEN,
        "services.b",
        "taken; failed as well: a, c",
    )
