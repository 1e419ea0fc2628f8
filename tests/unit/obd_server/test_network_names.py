from __future__ import annotations

import socket

import pytest

from obd_server.network_names import own_names, shown_address


def test_a_machine_goes_by_its_own_names_and_those_allowed() -> None:
    name = socket.gethostname().lower()
    names = own_names(["Van.Example"])
    assert {"localhost", "venus.local", name, f"{name.split('.')[0]}.local", "van.example"} <= names
    assert "van.example" not in own_names()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/"),
        ("::1", "http://[::1]:80/"),
        ("fe80::1", "http://[fe80::1]:80/"),
        ("192.168.1.5", "http://192.168.1.5:80/"),
        ("0.0.0.0", f"http://{socket.gethostname()}:80/"),  # noqa: S104 - only shown
    ],
)
def test_the_address_shown_is_one_that_can_be_typed(host: str, shown: str) -> None:
    assert shown_address(host, 80) == shown
