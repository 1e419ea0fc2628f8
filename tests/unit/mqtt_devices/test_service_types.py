from __future__ import annotations

import pytest

from mqtt_devices.protocol.service_types import PathRule, Role, Value, ValueKind


def rule(kind: ValueKind, **more: object) -> PathRule:
    return PathRule(path="P", kind=kind, **more)  # type: ignore[arg-type] # any of its fields


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (rule(ValueKind.DOUBLE, unit="°C", decimals=1), 23.456, "23.5 °C"),
        (rule(ValueKind.DOUBLE, unit="W", decimals=0), -0.4, "-0 W"),
        (rule(ValueKind.DOUBLE), 0.1 + 0.2, "0.3"),
        (rule(ValueKind.DOUBLE, unit="kWh"), 123456.789, "123456.789 kWh"),
        (rule(ValueKind.INTEGER, unit="s"), 90, "90 s"),
        (rule(ValueKind.INTEGER, values={0: "OK", 2: "Alarm"}), 2, "Alarm"),
        (rule(ValueKind.INTEGER, values={0: "OK", 2: "Alarm"}), 1, "1"),
        (rule(ValueKind.INTEGER, is_hexadecimal=True), 0xA162, "0xA162"),
        (rule(ValueKind.TEXT), "x", "x"),
        (rule(ValueKind.TEXTS), ["a", "b"], "a, b"),
        (rule(ValueKind.DOUBLE, unit="V"), None, "---"),
    ],
)
def test_text_is_what_people_read(path: PathRule, value: Value, text: str) -> None:
    assert path.format_text(value) == text


def test_only_settings_and_counters_persist() -> None:
    assert {role: rule(ValueKind.INTEGER, role=role).persists for role in Role} == {
        Role.READING: False,
        Role.PROPERTY: False,
        Role.COUNTER: True,
        Role.SETTING: True,
        Role.COMMAND: False,
    }
