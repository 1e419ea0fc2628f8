from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.lwt import LastWill
from mqtt_devices.protocol.status import MAX_SERVICES, Departure, Registration, parse_status
from tests.unit.mqtt_devices.payloads import payloads

TYPES = {"temperature": None, "tank": None}


def parse(**fields: Any) -> Registration | Departure:
    message = {"clientId": "fe001", "connected": 1, "version": "v1", "services": {"t1": "temperature"}, **fields}
    return parse_status(json.dumps({key: value for key, value in message.items() if value != "absent"}).encode(), TYPES)


def test_status_registers_services_in_their_order() -> None:
    services = {"z": "tank", "a": "temperature", "m": "tank"}
    status = parse(services=services)
    assert status == Registration("fe001", "v1", services)
    assert isinstance(status, Registration)
    assert list(status.services) == ["z", "a", "m"]


@pytest.mark.parametrize("connected", [1, True, 1.0])
def test_status_takes_all_forms_of_one_for_connected(connected: object) -> None:
    assert isinstance(parse(connected=connected), Registration)


@pytest.mark.parametrize("connected", [0, False, 0.0])
def test_status_takes_all_forms_of_zero_for_gone_whatever_the_services(connected: object) -> None:
    assert parse(connected=connected, services="nonsense") == Departure("fe001")
    assert parse(connected=connected, services="absent") == Departure("fe001")


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"connected": "absent"}, Reason.MISSING, "connected"),
        ({"connected": ""}, Reason.MISSING, "connected"),
        ({"connected": None}, Reason.MISSING, "connected"),
        ({"connected": "1"}, Reason.WRONG_TYPE, "connected"),
        ({"connected": 0.5}, Reason.WRONG_TYPE, "connected"),
        ({"connected": 2}, Reason.WRONG_TYPE, "connected"),
        ({"connected": -1}, Reason.WRONG_TYPE, "connected"),
        ({"connected": {}}, Reason.WRONG_TYPE, "connected"),
        ({"clientId": "absent"}, Reason.MISSING, "clientId"),
        ({"clientId": ""}, Reason.MISSING, "clientId"),
        ({"clientId": "a\n"}, Reason.BAD_ID, "clientId"),
        ({"clientId": 7}, Reason.BAD_ID, "clientId"),
        ({"services": "absent"}, Reason.MISSING, "services"),
        ({"services": []}, Reason.WRONG_TYPE, "services"),
        ({"services": {"": "tank"}}, Reason.BAD_ID, "services"),
        ({"services": {"a.b": "tank"}}, Reason.BAD_ID, "services"),
        ({"services": {"t": "Tank"}}, Reason.UNKNOWN_TYPE, "services.t"),
        ({"services": {"t": ["tank"]}}, Reason.UNKNOWN_TYPE, "services.t"),
        ({"services": {"t": "tank", "u": "toaster"}}, Reason.UNKNOWN_TYPE, "services.u"),
        ({"services": {f"s{n}": "tank" for n in range(MAX_SERVICES + 1)}}, Reason.TOO_MANY, "services"),
        ({"version": "\0"}, Reason.BAD_TEXT, "version"),
    ],
)
def test_status_names_field_and_reason(fields: dict[str, Any], reason: Reason, field: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse(**fields)
    assert (caught.value.reason, caught.value.field) == (reason, field)


@pytest.mark.parametrize(
    ("version", "text"),
    [("v1", "v1"), (None, None), ("absent", None), (1.5, "1.5"), (True, "true"), ([1], "[1]"), ("x" * 300, "x" * 255)],
)
def test_status_takes_any_version_as_text(version: object, text: str | None) -> None:
    status = parse(version=version)
    assert isinstance(status, Registration)
    assert status.version == text


def test_status_without_services_registers_a_device_without_services() -> None:
    assert parse(services={}) == Registration("fe001", "v1", {})


def test_status_ignores_what_it_does_not_know() -> None:
    assert parse(token="x", color=[1]) == Registration("fe001", "v1", {"t1": "temperature"})  # noqa: S106 - no secret


def test_status_carries_the_last_will() -> None:
    status = parse(lwt_topic="tele/x/LWT", lwt_value="Offline")
    assert isinstance(status, Registration)
    assert status.last_will == LastWill("tele/x/LWT", '"Offline"')


def test_status_with_a_wildcard_last_will_registers_without_it_and_says_so() -> None:
    status = parse(lwt_topic="tele/+/LWT")
    assert isinstance(status, Registration)
    assert status.last_will is None
    assert status.complaint is not None
    assert status.complaint.reason is Reason.BAD_LAST_WILL


@given(payloads)
def test_status_of_any_payload_is_a_status_or_refused(payload: bytes) -> None:
    with contextlib.suppress(Rejected):
        assert isinstance(parse_status(payload, TYPES), Registration | Departure)
