from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mqtt_devices.errors import MAX_FIELD, MAX_RULE, Reason, Rejected
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


@given(st.text(), st.text(), st.text())
def test_error_fits_into_a_small_packet_whatever_was_sent(topic: str, field: str, rule: str) -> None:
    problem = Rejected(Reason.UNKNOWN_PATH, 500 * field, 500 * rule)
    assert len(encode_error(500 * topic, problem)) <= 20 * 1024
    assert len(str(problem)) <= MAX_FIELD + MAX_RULE + 2


def test_error_with_a_key_that_somebody_made_up_is_cut_visibly() -> None:
    error = json.loads(
        encode_error("device/a/Proxy", Rejected(Reason.UNKNOWN_PATH, "values." + "\u00e9" * 23_000, "x"))
    )
    assert error["field"].startswith("values.\u00e9")
    assert error["field"].endswith("...")
