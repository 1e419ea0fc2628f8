"""What status, spy and metrics print of given data."""

from __future__ import annotations

import argparse
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.bus_view import Row
from console.metrics import HEAD, read_address, render
from console.spy import make_lines
from console.status import count_devices

TANK = "com.victronenergy.tank.mqtt_a_b"
ROWS = [
    Row(TANK, "/Connected", 1, "1"),
    Row(TANK, "/CustomName", "Diesel", "Diesel"),
    Row(TANK, "/DeviceInstance", 20, "20"),
    Row(TANK, "/Level", 12.5, "12.5%"),
    Row(TANK, "/Remaining", None, "---"),
]
# https://prometheus.io/docs/instrumenting/exposition_formats/
SAMPLE = re.compile(r'[a-z_]+\{([a-z]+="(\\.|[^"\\\n])*",?)+\} [-+0-9.einfa]+\n')


def test_spy_shows_services_or_paths() -> None:
    assert make_lines(ROWS, "") == [
        "SERVICE        INSTANCE  CONN  NAME",
        "tank.mqtt_a_b        20     1  Diesel",
    ]
    assert make_lines(ROWS, "tank")[-2:] == ["tank.mqtt_a_b  /Level           12.5%", "tank.mqtt_a_b  /Remaining"]
    assert "no service" in make_lines([], "tank")[0]


def test_metrics_hold_numbers_only() -> None:
    lines = render(ROWS).removeprefix(HEAD).splitlines()
    assert lines == [
        'venus_dbus_value{service="tank.mqtt_a_b",instance="20",path="/Connected"} 1',
        'venus_dbus_value{service="tank.mqtt_a_b",instance="20",path="/DeviceInstance"} 20',
        'venus_dbus_value{service="tank.mqtt_a_b",instance="20",path="/Level"} 12.5',
    ]


@given(st.text(), st.text(), st.one_of(st.integers(), st.floats()))
def test_every_sample_is_well_formed(service: str, path: str, value: float) -> None:
    assert SAMPLE.fullmatch(render([Row(service, path, value, "")]).removeprefix(HEAD))


@pytest.mark.parametrize(("text", "address"), [("127.0.0.1:9101", ("127.0.0.1", 9101)), ("::1:80", ("::1", 80))])
def test_address(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["9101", ":9101", "host:", "host:x"])
def test_no_address(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not HOST:PORT"):
        read_address(text)


@pytest.mark.parametrize(("devices", "text"), [({"a": 1}, "1"), ([1, 2], "2"), (3, "3"), (None, ""), ("x", "")])
def test_devices_are_counted_however_a_daemon_reports_them(devices: object, text: str) -> None:
    assert count_devices({"devices": devices}) == text
