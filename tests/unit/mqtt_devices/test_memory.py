from __future__ import annotations

import json
from typing import Any

import pytest

from mqtt_devices.errors import Rejected
from mqtt_devices.protocol.device import Device
from mqtt_devices.protocol.memory import MAX_RECORDS_BYTES, choose_records, decode_device, encode_device
from mqtt_devices.protocol.status import parse_status
from tests.service_types import TYPES

SECRET = {"secret": "geheim"}


def make_device(**fields: Any) -> Device:
    message = {"clientId": "fe001", "connected": 1, "services": {"t1": "temperature", "tk": "tank"}, **fields}
    status: Any = parse_status(json.dumps(message).encode(), TYPES)
    return Device("fe001", "kitchen", status, broker="shed")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"version": "v2", "timeout": 30},
        {"services": {"g": {"type": "grid", "timeout": 5, "onTimeout": "zero"}, "t": "tank"}},
        {"lwt_topic": "tele/LWT", "lwt_value": "Offline"},
        {"lwt_topic": "tele/LWT", "lwt_value": False},
        {"lwt_topic": "tele/LWT", "lwt_value": "5"},
        {"lwt_topic": "tele/LWT", "lwt_value": {"state": "offline"}},
        {"lwt_topic": "tele/LWT", "lwt_value": "NaN"},
        {"lwt_topic": "tele/LWT", "lwt_value": "1e999"},
        {"lwt_topic": "tele/LWT", "lwt_value": '"5"'},
    ],
)
def test_device_comes_back_as_it_was_with_nothing_open(fields: dict[str, Any]) -> None:
    device = make_device(**fields)
    service_id = next(iter(device.wanted.services)) if device.wanted else ""
    device.instances = {service_id: (device.wanted.services[service_id], 7)} if device.wanted else {}
    copy = decode_device(json.loads(json.dumps(encode_device(device))), TYPES)
    assert copy.wanted == device.wanted
    assert (copy.client_id, copy.level, copy.broker) == ("fe001", "kitchen", "shed")
    assert copy.instances == device.instances
    assert copy.held == copy.unheard == set(device.wanted.services if device.wanted else ())
    assert not copy.is_reply_due


def test_leaving_device_is_not_kept() -> None:
    device = make_device()
    device.wanted = None
    assert encode_device(device) is None


def test_secret_is_not_kept() -> None:
    assert "geheim" not in json.dumps(encode_device(make_device(**SECRET)))


def test_instance_of_a_service_that_is_gone_is_not_kept() -> None:
    device = make_device()
    device.instances = {"tk": ("gps", 1), "old": ("tank", 2)}
    record = encode_device(device)
    assert record is not None
    assert record["instances"] == {}


@pytest.mark.parametrize(
    "record",
    [
        None,
        5,
        [],
        {},
        {"clientId": "a", "connected": 1, "services": {"t": "unheard_of"}},
        {"clientId": "a", "connected": 0},
        {"clientId": "../a", "connected": 1, "services": {}},
    ],
)
def test_record_that_makes_no_sense_is_refused(record: object) -> None:
    with pytest.raises(Rejected):
        decode_device(record, TYPES)


def test_wrong_instances_are_left_out() -> None:
    record = {"clientId": "a", "connected": 1, "services": {"t": "tank"}, "instances": {"t": "1", "x": 2}}
    assert decode_device(record, TYPES).instances == {}


def test_level_that_is_too_long_is_not_kept() -> None:
    device = make_device()
    device.level = "x" * 5000
    record = encode_device(device)
    assert record is not None
    assert record["level"] == "fe001"


@pytest.mark.parametrize("value", [False, "Offline", {"state": "offline"}])
def test_last_will_of_a_file_of_before_is_read(value: object) -> None:
    record = encode_device(make_device(lwt_topic="tele/LWT", lwt_value=value))
    wanted = decode_device({**(record or {}), "lwt_value": value}, TYPES).wanted
    assert wanted is not None
    assert wanted == decode_device(record, TYPES).wanted


def test_record_that_is_no_json_costs_only_itself() -> None:
    good, bad = {"clientId": "good"}, {"clientId": "bad", "lwt_value": float("nan")}
    assert choose_records([bad, good]) == ([good], [bad])


def test_where_there_is_too_much_the_largest_records_go() -> None:
    honest = [{"clientId": f"d{number}", "version": "v1"} for number in range(100)]
    huge = [{"clientId": f"x{number}", "lwt_topic": "\u00e9" * 3000} for number in range(100)]
    kept, refused = choose_records([*huge, *honest])
    assert kept[-100:] == honest
    assert len(json.dumps(kept)) <= MAX_RECORDS_BYTES + 2 * len(kept)
    assert 0 < len(refused) < len(huge)
