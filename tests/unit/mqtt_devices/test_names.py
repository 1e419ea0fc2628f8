from __future__ import annotations

import pytest

from mqtt_devices.protocol import names


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
