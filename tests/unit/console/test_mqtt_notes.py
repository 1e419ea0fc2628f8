from __future__ import annotations

from console.mqtt_notes import MAX_NAMES, describe_mqtt

REPORT = {
    "state": "running",
    "broker": "up",
    "brokers": {"house": "down"},
    "silent": ["fe001/t1", "fe001/t2"],
    "pending_changes": {"ev/e/SetCurrent": 10.0},
    "definition_mistakes": ["services.d/my.yml:4: type: is missing", "mappings.d/a.yml:2: device: is missing"],
    "rejected_messages": 3,
    "dropped_messages": 0,
}


def test_what_is_wrong_is_listed() -> None:
    assert describe_mqtt("mqtt-devices", REPORT) == [
        "",
        "mqtt-devices:",
        "  broker: up, house down",
        "  silent: fe001/t1, fe001/t2",
        "  not answered by the device: ev/e/SetCurrent = 10.0",
        "  messages rejected: 3",
        "  file left out: services.d/my.yml:4: type: is missing",
        "  file left out: mappings.d/a.yml:2: device: is missing",
    ]


def test_what_is_well_is_short_and_another_daemon_says_nothing() -> None:
    assert describe_mqtt("mqtt-devices", {"state": "running", "broker": "up"}) == ["", "mqtt-devices:", "  broker: up"]
    assert describe_mqtt("modbus-client", REPORT) == []
    assert describe_mqtt("mqtt-devices", {**REPORT, "state": "waiting"}) == []


def test_many_names_are_counted_and_damaged_reports_shown_as_far_as_they_go() -> None:
    silent = [f"d/{number}" for number in range(MAX_NAMES + 5)]
    assert describe_mqtt("mqtt-devices", {"state": "running", "silent": silent})[2].endswith("d/9 and 5 more")
    damaged = {"state": "running", "silent": 5, "brokers": [], "pending_changes": None, "rejected_messages": "x"}
    assert describe_mqtt("mqtt-devices", damaged) == []
