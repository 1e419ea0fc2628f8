from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.proxy import MAX_VALUES, ProxyWrite, check_values, is_path, parse_proxy
from mqtt_devices.protocol.service_types import PathRule, ServiceType, ValueKind
from tests.unit.mqtt_devices.payloads import payloads

RULES = {
    "Level": PathRule(path="Level", kind=ValueKind.DOUBLE),
    "Ac/L1/Power": PathRule(path="Ac/L1/Power", kind=ValueKind.DOUBLE),
    "Serial": PathRule(path="Serial", kind=ValueKind.TEXT, writeable=False),
}


def parse(topic_path: object, values: object) -> ProxyWrite:
    return parse_proxy(json.dumps({"topicPath": topic_path, "values": values}).encode())


def test_proxy_is_taken_apart() -> None:
    proxy = parse("W/c0619ab00000/tank/12", {"Level": 5, "Ac/L1/Power": None, "/Temperature": "1", "9": []})
    assert (proxy.portal_id, proxy.service_type, proxy.instance) == ("c0619ab00000", "tank", 12)
    assert proxy.values == {"Level": 5, "Ac/L1/Power": None, "Temperature": "1", "9": []}


@pytest.mark.parametrize(
    "topic_path",
    [
        "",
        "W/a/tank",
        "W/a/tank/1/Level",
        "W/a/tank/1/",
        "N/a/tank/1",
        "W//tank/1",
        "W/+/tank/1",
        "W/a/#/1",
        "W/a/tank/x",
        "W/a/tank/-1",
        "W/a/tank/1.0",
        "W/a/tank/٣",
        "W/a/tank/" + "9" * 30,
        5,
        ["W"],
        {"W": 1},
        True,
    ],
)
def test_proxy_topic_path_is_the_one_of_a_service(topic_path: object) -> None:
    with pytest.raises(Rejected) as caught:
        parse(topic_path, {"Level": 1})
    assert caught.value.reason is Reason.BAD_TOPIC_PATH


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (None, Reason.MISSING),
        (5, Reason.WRONG_TYPE),
        ([], Reason.WRONG_TYPE),
        ("Level", Reason.WRONG_TYPE),
        ({}, Reason.WRONG_TYPE),
        ({"": 1}, Reason.UNKNOWN_PATH),
        ({"/": 1}, Reason.UNKNOWN_PATH),
        ({"level": 1}, Reason.UNKNOWN_PATH),
        ({"Level/": 1}, Reason.UNKNOWN_PATH),
        ({"Ac//Power": 1}, Reason.UNKNOWN_PATH),
        ({"Level/#": 1}, Reason.UNKNOWN_PATH),
        ({"Level\0": 1}, Reason.BAD_TEXT),
        ({f"P{n}": 1 for n in range(MAX_VALUES + 1)}, Reason.TOO_MANY),
    ],
)
def test_proxy_values_are_paths_with_values(values: Any, reason: Reason) -> None:
    with pytest.raises(Rejected) as caught:
        parse("W/a/tank/1", values)
    assert caught.value.reason is reason


@given(payloads)
def test_proxy_of_any_payload_is_a_write_or_refused(payload: bytes) -> None:
    with contextlib.suppress(Rejected):
        proxy = parse_proxy(payload)
        assert proxy.values
        assert all(is_path(path) for path in proxy.values)


def test_values_get_the_type_of_their_path() -> None:
    checked = check_values(parse("W/a/tank/1", {"Level": "23.41", "Ac/L1/Power": 5}).values, ServiceType("tank", RULES))
    assert checked == {"Level": 23.41, "Ac/L1/Power": 5.0}
    assert [type(value) for value in checked.values()] == [float, float]


@pytest.mark.parametrize(
    ("values", "reason", "field"),
    [
        ({"Level": 1, "Nonsense": 1}, Reason.UNKNOWN_PATH, "values.Nonsense"),
        ({"Level": 1, "Serial": "x"}, Reason.NOT_WRITEABLE, "values.Serial"),
        ({"Ac/L1/Power": 1, "Level": "full"}, Reason.WRONG_TYPE, "values.Level"),
    ],
)
def test_one_bad_value_refuses_all(values: dict[str, Any], reason: Reason, field: str) -> None:
    with pytest.raises(Rejected) as caught:
        check_values(parse("W/a/tank/1", values).values, ServiceType("tank", RULES))
    assert (caught.value.reason, caught.value.field) == (reason, field)
