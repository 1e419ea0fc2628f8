from __future__ import annotations

import pytest

from mqtt_devices.protocol.service_types import PathRule, Role, Value, ValueKind
from mqtt_devices.ruled_items import make_item
from velib_async.bus import BUS_ITEM
from velib_async.memory import MemoryHub
from velib_async.service import Service

NAME = "com.victronenergy.tank.test"

RULES = [
    PathRule(path="Level", kind=ValueKind.DOUBLE, unit="%", decimals=1, minimum=0, maximum=100, description="how full"),
    PathRule(path="Mode", kind=ValueKind.INTEGER, values={0: "Off", 1: "On"}, default=0),
    PathRule(path="CustomName", kind=ValueKind.TEXT, role=Role.SETTING, default="Tank"),
    PathRule(path="AllowedRoles", kind=ValueKind.TEXTS),
    PathRule(path="Serial", kind=ValueKind.TEXT, default="1", writeable=False),
]


@pytest.mark.parametrize(
    ("path", "value", "code", "stored"),
    [
        ("Level", 5, 0, 5.0),
        ("Level", "23.41", 0, 23.41),
        ("Level", 101, 1, None),
        ("Level", "full", 1, None),
        ("Level", None, 0, None),
        ("Mode", True, 0, 1),
        ("Mode", 1.0, 0, 1),
        ("Mode", 0.5, 1, 0),
        ("CustomName", "Diesel", 0, "Diesel"),
        ("CustomName", None, 1, "Tank"),
        ("AllowedRoles", ["a"], 0, ["a"]),
        ("AllowedRoles", "a", 1, None),
        ("Serial", "2", 1, "1"),
    ],
)
async def test_write_from_outside_follows_the_rule(path: str, value: object, code: int, stored: Value) -> None:
    hub = MemoryHub()
    async with Service(hub.connect(), NAME) as service:
        for rule in RULES:
            service.add_item(make_item(rule, rule.default))
        await service.register()
        answer = await hub.connect().call(NAME, f"/{path}", BUS_ITEM, "SetValue", "v", (value,))
        assert answer == [code]
        assert service[f"/{path}"] == stored
        assert type(service[f"/{path}"]) is type(stored)


async def test_item_tells_text_limits_and_description() -> None:
    hub = MemoryHub()
    async with Service(hub.connect(), NAME) as service:
        service.add_item(make_item(RULES[0], 50.0))
        await service.register()
        client = hub.connect()
        assert await client.call(NAME, "/Level", BUS_ITEM, "GetText") == ["50.0 %"]
        assert await client.call(NAME, "/Level", BUS_ITEM, "GetMax") == [100.0]
        assert await client.call(NAME, "/Level", BUS_ITEM, "GetDescription", "si", ("en", 100)) == ["how full"]
