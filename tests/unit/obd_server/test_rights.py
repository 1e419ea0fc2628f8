from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from obd_server.access import Rules
from obd_server.rights import EVENTS_BURST, MAX_CLIENTS, Rights
from tests.unit.obd_server.test_files import config

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "a-long-enough-token"  # noqa: S105 - of these tests
RULES = Rules(frozenset(), frozenset(), TOKEN)
WRITE = "rights: {write: true, clear_dtc: true}"


def rights(tmp_path: Path, text: str = "") -> Rights:
    return Rights(config(text), RULES, tmp_path / "audit.jsonl")


def environ(peer: str, **headers: str) -> dict[str, Any]:
    return {"asgi.scope": {"client": (peer, 5000)}, **headers}


def test_this_machine_may_read_and_nothing_more_even_when_writing_is_on(tmp_path: Path) -> None:
    policy = rights(tmp_path, WRITE)
    assert policy.refuses("a", environ("127.0.0.1"), None) is None
    assert not policy.may_write("a")
    assert not policy.may_clear("a")
    assert not policy.sees_private("a")


def test_the_token_gives_what_is_switched_on(tmp_path: Path) -> None:
    closed, opened = rights(tmp_path), rights(tmp_path, WRITE)
    for policy in (closed, opened):
        assert policy.refuses("a", environ("192.168.1.9"), {"token": TOKEN}) is None
        assert policy.sees_private("a")
    assert (closed.may_write("a"), closed.may_clear("a")) == (False, False)
    assert (opened.may_write("a"), opened.may_clear("a")) == (True, True)


@pytest.mark.parametrize("auth", [None, {}, {"token": None}, {"token": 5}, {"token": "wrong"}, "token", ["token"]])
def test_the_network_is_refused_without_it(tmp_path: Path, auth: Any) -> None:
    assert rights(tmp_path).refuses("a", environ("192.168.1.9"), auth) == "unauthorized"


def test_a_proxy_makes_this_machine_the_network(tmp_path: Path) -> None:
    assert rights(tmp_path).refuses("a", environ("127.0.0.1", HTTP_X_FORWARDED_FOR="1.2.3.4"), None) == "unauthorized"


def test_clients_are_limited_and_leave(tmp_path: Path) -> None:
    policy = rights(tmp_path)
    for number in range(MAX_CLIENTS):
        assert policy.refuses(str(number), environ("127.0.0.1"), None) is None
    assert "busy" in (policy.refuses("more", environ("127.0.0.1"), None) or "")
    policy.forget("0")
    assert policy.refuses("more", environ("127.0.0.1"), None) is None
    assert policy.count == MAX_CLIENTS


def test_requests_of_one_client_are_limited(tmp_path: Path) -> None:
    policy = rights(tmp_path)
    policy.refuses("a", environ("127.0.0.1"), None)
    allowed = [policy.allows("a") for _ in range(int(EVENTS_BURST) + 20)]
    assert allowed[0]
    assert not allowed[-1]
    assert not policy.allows("nobody")


def test_what_was_done_is_recorded(tmp_path: Path) -> None:
    policy = rights(tmp_path)
    policy.refuses("a", environ("127.0.0.1"), None)
    policy.audit("a", "clearing", {"n": 1})
    assert '"127.0.0.1"' in (tmp_path / "audit.jsonl").read_text()
