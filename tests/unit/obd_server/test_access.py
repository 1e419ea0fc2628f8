from __future__ import annotations

import pytest

from obd_server.access import Grant, Rules, host_of, is_loopback

TOKEN = "a-long-enough-token"  # noqa: S105 - of these tests
RULES = Rules(frozenset({"localhost", "venus.local", "boat"}), frozenset({"https://my.example"}), TOKEN)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:48484", "192.168.1.5", "[fd00::1]:48484", "venus.local:48484", "VENUS.local.", "localhost", "boat"],
)
def test_our_names_and_addresses_are_accepted(host: str) -> None:
    assert RULES.refuses_host(host) is None


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:48484", "127.0.0.1.evil.example", "venus.local.evil.example", "", "[::1", None],
)
def test_foreign_names_are_refused(host: str | None) -> None:
    assert RULES.refuses_host(host)


@pytest.mark.parametrize(
    ("origin", "is_refused"),
    [
        (None, False),
        ("http://192.168.1.5:48484", False),
        ("https://192.168.1.5:48484", False),
        ("https://my.example", False),
        ("http://my.example", True),
        ("http://192.168.1.5", True),
        ("http://evil.example", True),
        ("null", True),
        ("file://", True),
        ("", True),
    ],
)
def test_only_pages_of_ours_or_named_ones_may_connect(origin: str | None, *, is_refused: bool) -> None:
    assert bool(RULES.refuses_origin(origin, "192.168.1.5:48484")) is is_refused


@pytest.mark.parametrize(
    ("peer", "is_forwarded", "token", "grant"),
    [
        ("127.0.0.1", False, None, Grant.READ),
        ("::1", False, None, Grant.READ),
        ("127.0.0.1", True, None, None),
        ("192.168.1.9", False, None, None),
        ("192.168.1.9", False, TOKEN, Grant.FULL),
        ("127.0.0.1", True, TOKEN, Grant.FULL),
        ("127.0.0.1", False, "wrong", None),
        ("192.168.1.9", False, "", None),
        ("192.168.1.9", False, "ü", None),
        (None, False, None, None),
        ("", False, None, None),
    ],
)
def test_the_network_needs_the_token(
    peer: str | None, *, is_forwarded: bool, token: str | None, grant: Grant | None
) -> None:
    assert RULES.grant(peer=peer, is_forwarded=is_forwarded, token=token) is grant


def test_parts_of_a_host() -> None:
    assert host_of("[FD00::1]:80") == "fd00::1"
    assert host_of("a:b:c") == "a"
    assert is_loopback("127.8.8.8")
    assert not is_loopback("10.0.0.1")
    assert not is_loopback(None)
