from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_devices.protocol import names
from mqtt_devices.protocol.names import SUBSCRIBE_BYTES, split_topics


def test_names_are_those_that_installations_hang_on() -> None:
    assert names.bus_name("temperature", "fe001", "t1") == "com.victronenergy.temperature.mqtt_fe001_t1"
    assert names.setting_path("fe001", "t1", "CustomName") == "/Settings/MqttDevices/mqtt_fe001_t1/CustomName"
    assert names.setting_path("fe001", "pv", "Ac/MaxPower") == "/Settings/MqttDevices/mqtt_fe001_pv/Ac/MaxPower"
    assert names.unique_id("fe001", "t1") == "mqtt_fe001_t1"
    assert names.reply_topic("fe001") == "device/fe001/DBus"
    assert names.instance_topic("fe001") == "device/fe001/DeviceInstance"
    assert names.error_topic("fe001") == "device/fe001/Error"
    assert names.gateway_topic("W", "c0619ab00000", "tank", 7) == "W/c0619ab00000/tank/7"
    assert names.SUBSCRIPTIONS == ("device/+/#",)


@pytest.mark.parametrize("text", ["a", "A_9", "_", "9", "x" * names.MAX_ID])
def test_id_is_letters_digits_and_underscores(text: str) -> None:
    assert names.is_id(text)


@pytest.mark.parametrize(
    "text", ["", "a\n", "a-b", "a.b", "a/b", "ä", "٣", None, 5, True, [], "x" * (names.MAX_ID + 1)]
)
def test_id_is_nothing_else(text: object) -> None:
    assert not names.is_id(text)


def test_longest_names_fit_into_a_dbus_name() -> None:
    longest = "x" * names.MAX_ID
    assert len(names.bus_name("genericinput99", longest, longest)) <= 255


def test_error_topic_is_not_made_for_a_level_without_end() -> None:
    assert names.error_topic("x" * names.MAX_LEVEL) is not None
    assert names.error_topic("x" * (names.MAX_LEVEL + 1)) is None


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=2 * SUBSCRIBE_BYTES)))
def test_topics_are_subscribed_in_small_packets_all_and_in_order(topics: list[str]) -> None:
    parts = list(split_topics(topics))
    assert [topic for part in parts for topic in part] == topics
    assert all(len(part) == 1 or len("".join(part).encode()) <= SUBSCRIBE_BYTES for part in parts)
    assert all(parts)
