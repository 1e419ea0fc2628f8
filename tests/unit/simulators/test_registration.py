"""What a simulated device says to mqtt-devices, and what it understands."""

from __future__ import annotations

import json

import pytest

from simulators.mqtt.command import run
from simulators.mqtt.gps import Boat
from simulators.mqtt.registration import BadReplyError, encode_proxy, encode_status, is_forgotten, parse_reply, topic


def test_a_status_names_the_services_and_the_last_will() -> None:
    assert json.loads(encode_status("dev", {"t1": "tank"}, connected=True)) == {
        "clientId": "dev",
        "connected": 1,
        "version": "1.0",
        "services": {"t1": "tank"},
        "lwt_topic": "device/dev/LWT",
        "lwt_value": "offline",
    }


def test_a_goodbye_has_no_services() -> None:
    status = json.loads(encode_status("dev", {"t1": "tank"}, connected=False))
    assert (status["connected"], status["services"]) == (0, {})


def test_the_reply_says_where_values_go() -> None:
    reply = {"portalId": "p", "deviceInstance": {"t1": 3}, "topicPath": {"t1": {"N": "N/p/tank/3", "W": "W/p/tank/3"}}}
    assert parse_reply(json.dumps(reply).encode()) == {"t1": "W/p/tank/3"}


@pytest.mark.parametrize(
    "payload", [b"", b"5", b"{}", b'{"topicPath": 5}', b'{"topicPath": {"t": {}}}', b"[" * 100_000]
)
def test_a_reply_without_topic_paths_is_refused(payload: bytes) -> None:
    with pytest.raises(BadReplyError):
        parse_reply(payload)


def test_a_proxy_carries_many_values() -> None:
    assert json.loads(encode_proxy("W/p/tank/3", {"Level": 5.0})) == {
        "topicPath": "W/p/tank/3",
        "values": {"Level": 5.0},
    }
    assert topic("dev", "Proxy") == "device/dev/Proxy"


@pytest.mark.parametrize("host", ["venus.invalid", "localhost", "127.0.0.1", "::1"])
def test_fake_power_needs_a_yes_on_this_computer_too_which_may_be_the_gx(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("gps", {"g1": Boat()}, ["--host", host, "--port", "1"]) == 2
    assert "--yes-fake-power" in capsys.readouterr().err


def test_only_a_refusal_of_unregistered_services_asks_for_a_new_registration() -> None:
    assert is_forgotten(b'{"reason": "not_yours", "field": "topicPath"}')
    for other in (b'{"reason": "unknown_path"}', b"{}", b"[]", b"5", b"not json", b"\xff"):
        assert not is_forgotten(other)
