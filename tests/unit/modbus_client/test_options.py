"""The command line, with the letters of the drivers that people know."""

from __future__ import annotations

import argparse

import pytest

from modbus_client.options import add_arguments


def _parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_serial_lines_rates_and_mode() -> None:
    found = _parse("-x", "-f", "-m", "ascii", "-r", "9600", "-r", "19200", "-s", "ttyUSB0", "-s", "/dev/ttyUSB1")
    assert (found.serial, found.rate, found.mode) == (["ttyUSB0", "/dev/ttyUSB1"], [9600, 19200], "ascii")
    assert found.exit
    assert found.force_scan


def test_devices_are_a_comma_list() -> None:
    found = _parse("-F", "tcp:10.0.0.2:502:1, rtu:ttyUSB0:9600:2,", "-P", "udp:10.0.0.3:502:0")
    assert [str(spec) for spec in found.force_devices] == ["tcp:10.0.0.2:502:1", "rtu:ttyUSB0:9600:2"]
    assert [str(spec) for spec in found.probe] == ["udp:10.0.0.3:502:0"]


def test_a_fork_s_leak_is_ignored() -> None:
    assert _parse("--leak", "120").leak == 120.0


@pytest.mark.parametrize(("words", "network"), [((), None), (("--scan",), ""), (("--scan", "10.0.0.0/24"),) * 2])
def test_scan_takes_a_network_or_the_local_one(words: tuple[str, ...], network: object) -> None:
    assert _parse(*words).scan == (network if not isinstance(network, tuple) else network[1])


def test_a_wrong_spec_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parse("-F", "tcp:10.0.0.2")
    assert "expected {tcp,udp,rtutcp}:host:port:unit" in capsys.readouterr().err
