from __future__ import annotations

import pytest

from mqtt_devices.aged_values import age_value
from mqtt_devices.protocol.service_types import PathRule, Value, ValueKind
from mqtt_devices.protocol.staleness import OnTimeout
from mqtt_devices.ruled_items import make_item
from velib_async.memory import MemoryHub
from velib_async.service import Service


@pytest.mark.parametrize(
    ("unit", "value", "action", "aged"),
    [
        ("W", 500.0, OnTimeout.ZERO, 0.0),
        ("A", 5.0, OnTimeout.ZERO, 0.0),
        ("W", None, OnTimeout.ZERO, None),
        ("V", 230.0, OnTimeout.ZERO, None),
        ("kWh", 12.0, OnTimeout.ZERO, 12.0),
        ("W", 500.0, OnTimeout.INVALID, None),
        ("kWh", 12.0, OnTimeout.INVALID, None),
    ],
)
async def test_old_value_becomes_what_its_unit_allows(unit: str, value: Value, action: OnTimeout, aged: Value) -> None:
    rule = PathRule(path="X", kind=ValueKind.DOUBLE, unit=unit)
    service = Service(MemoryHub().connect(), "com.victronenergy.tank.test")
    service.add_item(make_item(rule, value))
    with service as changes:
        age_value(changes, rule, action)
    assert service["/X"] == aged
