from __future__ import annotations

import json

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.complaints import Complaints
from mqtt_devices.protocol.effects import Effect, Note, Publish
from mqtt_devices.protocol.names import MAX_LEVEL
from mqtt_devices.protocol.rates import REPEAT_PERIOD_S

PROBLEM = Rejected(Reason.OUT_OF_RANGE, "Level", "at most 100")


def split(effects: list[Effect]) -> tuple[list[str], list[Publish]]:
    notes = [effect.text for effect in effects if isinstance(effect, Note)]
    return notes, [effect for effect in effects if isinstance(effect, Publish)]


def test_device_is_told_once_a_second_and_the_log_once_a_minute() -> None:
    complaints = Complaints()
    told, lines = 0, []
    for tenth in range(int(REPEAT_PERIOD_S * 10) + 1):
        notes, published = split(complaints.complain("dev", "device/dev/t", PROBLEM, 1000 + tenth / 10, broker="b"))
        lines += notes
        told += len(published)
    assert told == REPEAT_PERIOD_S + 1
    assert len(lines) == 2
    assert lines[1].endswith("(600 times since the last such line)")


def test_error_names_topic_field_and_rule() -> None:
    _, (error,) = split(Complaints().complain("dev", "device/dev/t", PROBLEM, 0.0, broker="b"))
    assert (error.topic, error.broker, error.retain) == ("device/dev/Error", "b", False)
    message = json.loads(error.payload)
    assert (message["topic"], message["reason"], message["field"]) == ("device/dev/t", "out_of_range", "Level")


def test_other_levels_and_other_reasons_are_news() -> None:
    complaints = Complaints()
    complaints.complain("a", "device/a/t", PROBLEM, 0.0)
    notes, published = split(complaints.complain("b", "device/b/t", PROBLEM, 0.0))
    assert (len(notes), len(published)) == (1, 1)
    other = Rejected(Reason.WRONG_TYPE, "Level", "a number")
    notes, published = split(complaints.complain("a", "device/a/t", other, 0.0))
    assert (len(notes), len(published)) == (1, 0), "in the log, but the device hears one thing a second"


def test_level_beyond_all_length_is_told_to_nobody() -> None:
    level = "x" * (MAX_LEVEL + 1)
    notes, published = split(Complaints().complain(level, f"device/{level}/t", PROBLEM, 0.0))
    assert (len(notes), published) == (1, [])
