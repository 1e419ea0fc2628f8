from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.lwt import MAX_TOPIC, MAX_VALUE_BYTES, LastWill, LastWills, parse_last_will
from tests.unit.mqtt_devices.payloads import json_values, payloads


def will(topic: str = "t", value: object = "offline") -> LastWill:
    parsed = parse_last_will(topic, value)
    assert parsed is not None
    return parsed


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        ("offline", b"offline"),
        ("offline", b'"offline"'),
        ("Offline", b" Offline\n"),
        ("false", b"false"),
        ("false", b"False"),
        (False, b"false"),
        (False, b"FALSE"),
        (False, b'{"value": false}'),
        ("false", b'"false"'),
        (0, b"0"),
        ("0", b"0"),
        ({"state": "offline"}, b'{ "state":"offline" }'),
        ('{"state": "offline"}', b'{"state":"offline"}'),
        (None, b"null"),
        ("", b""),
        ("NaN", b"NaN"),
        ("1e999", b"1e999"),
        ({"value": {"value": 1}}, b"1"),
    ],
)
def test_last_will_matches_text_and_json_alike(value: object, payload: bytes) -> None:
    assert will(value=value).matches(payload)


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        ("offline", b"Offline"),
        ("offline", b"online"),
        ("offline", b"offline!"),
        (False, b"0"),
        (0, b"false"),
        (1, b"true"),
        ("false", b"true"),
        ("x", b"x" * (MAX_VALUE_BYTES + 1)),
        ("offline", b"\xff"),
        ("a", b"[" * 1000),
    ],
)
def test_last_will_matches_nothing_else(value: object, payload: bytes) -> None:
    assert not will(value=value).matches(payload)


@pytest.mark.parametrize(
    "topic",
    ["a/+/b", "#", 5, ["t"], "x" * (MAX_TOPIC + 1), "a\0b", "\ud800", "a\x01", "\x9f", "\ufffe", "$share/a", "/" * 99],
)
def test_last_will_topic_is_plain(topic: object) -> None:
    with pytest.raises(Rejected) as caught:
        parse_last_will(topic, "offline")
    assert caught.value.reason is Reason.BAD_LAST_WILL


def test_last_will_is_optional() -> None:
    assert parse_last_will(None, "x") is None
    assert parse_last_will("", "x") is None


@given(st.text() | json_values, json_values, payloads)
def test_last_will_of_anything_is_refused_or_compares(topic: object, value: object, payload: bytes) -> None:
    with contextlib.suppress(Rejected):
        parsed = parse_last_will(topic, value)
        assert parsed is None or parsed.matches(payload) in (True, False)


@given(st.dictionaries(st.text(max_size=5), st.booleans() | st.text(max_size=5), max_size=8))
def test_last_will_given_as_json_matches_itself(value: dict[str, object]) -> None:
    assert will(value=value).matches(json.dumps(value, indent=1).encode())


@given(st.text() | json_values)
def test_last_will_that_was_kept_is_the_same_and_can_be_written(value: object) -> None:
    with contextlib.suppress(Rejected):
        parsed = will(value=value)
        assert parse_last_will("t", parsed.value) == parsed
        assert json.dumps(json.loads(parsed.value), allow_nan=False)


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", '"5"', "5", "\u00e9" * 500, {"value": {"value": 0}}])
def test_last_will_of_an_odd_value_is_kept_as_it_was(value: object) -> None:
    parsed = will(value=value)
    assert parse_last_will("t", parsed.value) == parsed


def test_wills_share_a_topic_and_each_is_gone_by_its_own_value() -> None:
    wills = LastWills()
    assert wills.arm("a", will(value="a off")) == (["t"], [])
    assert wills.arm("b", will(value="b off")) == ([], [])
    assert wills.receive("t", b"b off", retained=False) == ["b"]
    assert wills.arm("b", None) == ([], [])
    assert wills.receive("t", b"b off", retained=False) == []
    assert wills.receive("t", b"a off", retained=False) == ["a"]
    assert wills.arm("a", None) == ([], ["t"])
    assert wills.receive("t", b"a off", retained=False) == []


def test_wills_follow_a_changed_topic_and_a_changed_value() -> None:
    wills = LastWills()
    wills.arm("a", will("old"))
    assert wills.arm("a", will("new")) == (["new"], ["old"])
    assert wills.receive("old", b"offline", retained=False) == []
    assert wills.arm("a", will("new", "gone")) == ([], [])
    assert wills.receive("new", b"offline", retained=False) == []
    assert wills.receive("new", b"gone", retained=False) == ["a"]


def test_wills_name_all_topics_for_a_new_connection() -> None:
    wills = LastWills()
    wills.arm("a", will("t1"))
    wills.arm("b", will("t2"))
    wills.reconnected()
    assert wills.topics == ("t1", "t2")


def test_retained_will_older_than_the_registration_is_ignored() -> None:
    wills = LastWills()
    wills.arm("a", will())
    assert wills.receive("t", b"offline", retained=True) == []
    wills.reconnected()
    assert wills.receive("t", b"offline", retained=True) == [], "known before, hence no news"


def test_retained_will_that_is_new_after_a_reconnect_counts() -> None:
    wills = LastWills()
    wills.arm("a", will())
    wills.reconnected()
    assert wills.receive("t", b"offline", retained=True) == ["a"]


def test_retained_will_counts_after_the_device_was_online_in_between() -> None:
    wills = LastWills()
    wills.arm("a", will())
    wills.receive("t", b"offline", retained=True)
    wills.receive("t", b"online", retained=False)
    wills.reconnected()
    assert wills.receive("t", b"offline", retained=True) == ["a"]


def test_live_will_counts_at_once() -> None:
    wills = LastWills()
    wills.arm("a", will())
    assert wills.receive("t", b"offline", retained=False) == ["a"]
