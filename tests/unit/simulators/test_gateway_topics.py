"""Topics and payloads of the gateway."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.gx.gateway_topics import (
    Address,
    BadPayloadError,
    encode_completed,
    encode_value,
    parse_topic,
    parse_write,
    service_instance,
    service_type,
)
from simulators.gx.wire import to_plain

names = st.text("abcXYZ019_", min_size=1)


@given(names, names, st.lists(names, min_size=1, max_size=4))
def test_a_topic_comes_back(kind: str, instance: str, path: list[str]) -> None:
    address = Address(kind, instance, "/" + "/".join(path))
    assert parse_topic(address.topic("W", "c0619ab00000")) == address


@pytest.mark.parametrize(
    ("topic", "address"),
    [
        ("R/id/tank/7", Address("tank", "7", "/")),
        ("R/id/tank/7/", Address("tank", "7", "/")),
        ("R/id/tank", None),
        ("R/id/keepalive", None),
        ("R//tank/7/A", None),
        ("", None),
    ],
)
def test_short_topics(topic: str, address: Address | None) -> None:
    assert parse_topic(topic) == address


def test_the_service_type_is_the_third_part_of_the_name() -> None:
    assert service_type("com.victronenergy.tank.mqtt_a_b.c") == "tank"
    assert service_type("com.victronenergy.settings") == "settings"


@pytest.mark.parametrize(
    ("kind", "instance", "identifier", "has_instance", "expected"),
    [
        ("tank", 7, None, True, "7"),
        ("tank", "7", "abc", True, "0"),
        ("tank", True, None, True, "0"),
        ("tank", 7.0, None, True, "0"),
        ("tank", None, None, True, "0"),
        ("tank", None, "abc", False, "abc"),
        ("tank", None, "", False, "0"),
        ("tank", None, 5, False, "0"),
        ("settings", 7, "abc", True, "0"),
        ("vecan", 7, None, True, "0"),
        ("platform", None, None, False, "0"),
    ],
)
def test_the_instance_of_a_service(
    *, kind: str, instance: Any, identifier: Any, has_instance: bool, expected: str
) -> None:
    assert service_instance(kind, instance, identifier, has_instance=has_instance) == expected


@pytest.mark.parametrize(
    ("arguments", "payload"),
    [
        ((None,), '{"value":null}'),
        ((1, 0, 5), '{"max":5,"min":0,"value":1}'),
        (("ü",), '{"value":"ü"}'),
        ((float("nan"),), '{"value":null}'),
        (([1.0, float("inf")],), '{"value":[1.0,null]}'),
    ],
)
def test_an_n_payload(arguments: tuple[Any, ...], payload: str) -> None:
    assert encode_value(*arguments) == payload


def test_the_closing_message_of_a_full_publication() -> None:
    assert json.loads(encode_completed(5, None)) == {"value": 5}
    assert json.loads(encode_completed(5, 'a"b')) == {"value": 5, "full-publish-completed-echo": 'a"b'}


@given(st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), st.text()))  # fmt: skip  # noqa: E501
def test_a_w_payload_carries_any_simple_value(value: Any) -> None:
    assert to_plain(parse_write(json.dumps({"value": value}).encode())) == value


@given(st.binary())
def test_no_w_payload_raises_anything_else(payload: bytes) -> None:
    with contextlib.suppress(BadPayloadError):
        parse_write(payload)


@pytest.mark.parametrize("payload", [b"", b"5", b"{}", b'{"value":{}}', b'{"value":[[1]]}', b"[" * 100_000, b"\xff"])
def test_a_w_payload_without_a_value_is_refused(payload: bytes) -> None:
    with pytest.raises(BadPayloadError):
        parse_write(payload)
