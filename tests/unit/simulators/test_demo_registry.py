"""The registry of the demo: complete, and every placeholder known."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import yaml

from simulators.demo.board import Board
from simulators.demo.expectations import find_missing
from simulators.demo.places import Places
from simulators.demo.registry import EXHIBITS, Device, Exhibit, Live
from simulators.demo.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN = {"python": "/usr/bin/python3", "bus": "unix:path=/tmp/bus", "directory": "/tmp/x", "mqtt_port": "1"}  # noqa: S108

EXHIBIT = Exhibit("one", "", (Device("d", ("true",), (Live("com.victronenergy.tank.", "/Level"),)),))


@pytest.fixture
def places() -> Iterator[Places]:
    with closing(Places(KNOWN)) as places:
        yield places


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.daemon)
def test_an_exhibit_is_complete(exhibit: Exhibit, places: Places) -> None:
    assert isinstance(yaml.safe_load(places.fill(exhibit.config)) or {}, dict)
    for device in exhibit.devices:
        assert all(places.fill_all(device.command))
        assert device.expects
        for live in device.expects:
            assert live.service.startswith("com.victronenergy.")
            assert live.path.startswith("/")


def test_every_daemon_of_the_repository_is_shown() -> None:
    daemons = {run.parent.name for run in (ROOT / "service").glob("*/run")}
    assert daemons <= {exhibit.daemon for exhibit in EXHIBITS}


def test_device_names_are_unique() -> None:
    names = [device.name for exhibit in EXHIBITS for device in exhibit.devices]
    assert len(names) == len(set(names))


def test_a_named_port_is_free_and_stays_the_same(places: Places) -> None:
    first, second = places.fill_all(["{a_port} {b_port}", "{a_port}"])
    assert first.split()[0] == second
    assert len(set(first.split())) == 2


def test_a_named_port_is_given_to_nobody_else_and_a_server_can_use_it(places: Places) -> None:
    port = int(places.fill("{a_port}"))
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)):
        socket.create_connection(("127.0.0.1", port)).close()


def test_an_unknown_placeholder_is_named(places: Places) -> None:
    with pytest.raises(KeyError, match=r"no placeholder \{nonsense\}"):
        places.fill("{nonsense}")


def test_what_is_not_live_is_missing() -> None:
    board = Board()
    board.tell("com.victronenergy.tank.a", "/Level", 1, "1", 0.0)
    (missing,) = find_missing(["one"], [EXHIBIT], board)
    assert (missing.daemon, missing.device) == ("one", "d")
    assert "/Level on com.victronenergy.tank." in missing.what
    board.tell("com.victronenergy.tank.a", "/Level", 2, "2", 1.0)
    assert find_missing(["one"], [EXHIBIT], board) == []


def test_a_daemon_without_a_device_is_missing_one() -> None:
    (missing,) = find_missing(["two"], [], Board())
    assert missing.daemon == "two"
    assert "no device" in missing.what


def test_no_daemon_at_all_is_no_success() -> None:
    assert "holds no daemon" in find_missing([], [], Board())[0].what
