from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.payload import MAX_DEPTH, MAX_PAYLOAD_BYTES, MAX_TEXT, check_text, parse_object
from tests.unit.mqtt_devices.payloads import objects, payloads


@given(payloads)
def test_parse_object_gives_an_object_or_says_no(payload: bytes) -> None:
    with contextlib.suppress(Rejected):
        assert isinstance(parse_object(payload), dict)


@given(objects)
def test_parse_object_reads_what_json_wrote(value: dict[str, Any]) -> None:
    try:
        payload = json.dumps(value, allow_nan=False).encode()
    except ValueError:  # holds NaN or Infinity, which are no JSON
        with pytest.raises(Rejected):
            parse_object(json.dumps(value).encode())
    else:
        assert parse_object(payload) == value


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"x" * (MAX_PAYLOAD_BYTES + 1), Reason.TOO_LONG),
        (b"\xff", Reason.NOT_UTF8),
        (b"", Reason.NOT_JSON),
        (b"{'a': 1}", Reason.NOT_JSON),
        (b'{"a": NaN}', Reason.NOT_JSON),
        (b'{"a": -Infinity}', Reason.NOT_JSON),
        (b'{"a": ' + b"1" * 5000 + b"}", Reason.NOT_JSON),
        (b"[" * 40_000, Reason.NOT_JSON),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), Reason.NOT_JSON),
        (b"[1]", Reason.NOT_AN_OBJECT),
        (b"null", Reason.NOT_AN_OBJECT),
    ],
)
def test_parse_object_names_the_reason(payload: bytes, reason: Reason) -> None:
    with pytest.raises(Rejected) as caught:
        parse_object(payload)
    assert caught.value.reason is reason


def test_parse_object_accepts_a_byte_order_mark_and_nesting_up_to_the_limit() -> None:
    assert parse_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert parse_object(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH)
    assert parse_object(json.dumps({"a": [[]] * 100}).encode()) == {"a": [[]] * 100}


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * (MAX_TEXT + 1)])
def test_check_text_refuses_what_dbus_cannot_carry(text: str) -> None:
    with pytest.raises(Rejected):
        check_text(text, "field")


def test_check_text_passes_text_on() -> None:
    assert check_text("Füllstand °C \U0001f6a2", "field") == "Füllstand °C \U0001f6a2"
