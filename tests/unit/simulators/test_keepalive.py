"""How long the gateway tells changes, and when it tells everything."""

from __future__ import annotations

import json

import pytest

from simulators.gx.keepalive import KEEPALIVE_S, Keepalive, Republish


def test_it_is_alive_for_a_minute_after_each_keepalive() -> None:
    keepalive = Keepalive()
    assert not keepalive.is_alive(0.0)
    keepalive.receive(b"", 10.0)
    assert keepalive.is_alive(10.0 + KEEPALIVE_S - 0.1)
    assert not keepalive.is_alive(10.0 + KEEPALIVE_S)
    keepalive.receive(b"", 100.0)
    assert keepalive.is_alive(159.0)


@pytest.mark.parametrize("payload", [b"", b"null", b"[1]", b"{", b"\xff", b'{"keepalive-options": 5}', b"[" * 100_000])
def test_any_payload_is_a_keepalive_and_asks_for_everything(payload: bytes) -> None:
    assert Keepalive().receive(payload, 0.0) == Republish()


def test_the_republication_can_be_suppressed() -> None:
    keepalive = Keepalive()
    assert keepalive.receive(b'{"keepalive-options": ["suppress-republish"]}', 0.0) is None
    assert keepalive.is_alive(1.0)


def test_the_echo_goes_back() -> None:
    options = [{"other": 1}, {"full-publish-completed-echo": 5}, {"full-publish-completed-echo": "token"}]
    payload = json.dumps({"keepalive-options": options}).encode()
    assert Keepalive().receive(payload, 0.0) == Republish(echo="token")


def test_only_three_keepalives_per_second_are_answered() -> None:
    keepalive = Keepalive()
    answers = [keepalive.receive(b"", moment) for moment in (0.0, 0.1, 0.2, 0.3, 0.9, 1.05)]
    assert [answer is not None for answer in answers] == [True, True, True, False, False, True]
