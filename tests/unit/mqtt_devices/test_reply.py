from __future__ import annotations

import json

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.reply import encode_error, encode_instances, encode_reply, encode_value


def test_reply_has_portal_instances_as_numbers_and_topics() -> None:
    reply = json.loads(encode_reply("c0619ab00000", {"t1": ("temperature", 5), "tk": ("tank", 12)}))
    assert reply == {
        "portalId": "c0619ab00000",
        "deviceInstance": {"t1": 5, "tk": 12},
        "topicPath": {
            "t1": {letter: f"{letter}/c0619ab00000/temperature/5" for letter in "NRW"},
            "tk": {letter: f"{letter}/c0619ab00000/tank/12" for letter in "NRW"},
        },
    }


def test_deprecated_reply_has_the_instances_only() -> None:
    assert json.loads(encode_instances({"t1": ("temperature", 5)})) == {"t1": 5}


def test_error_names_reason_field_and_rule() -> None:
    error = json.loads(encode_error("device/a/Status", Rejected(Reason.BAD_ID, "clientId", "letters")))
    assert error == {
        "reason": "bad_id",
        "topic": "device/a/Status",
        "field": "clientId",
        "rule": "letters",
        "text": "device/a/Status: clientId: letters",
        "accepted": False,
    }


def test_value_is_wrapped_as_the_gateway_wants_it() -> None:
    assert json.loads(encode_value(None)) == {"value": None}
    assert json.loads(encode_value([1, "a"])) == {"value": [1, "a"]}
