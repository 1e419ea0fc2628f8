from __future__ import annotations

import pytest

from daemonkit import yamlfile
from daemonkit.errors import DefinitionError
from modbus_client.configuration import Configuration, read_configuration
from modbus_client.protocol.adjust import Adjustment
from modbus_client.protocol.spec import Framing


def _read(text: str) -> Configuration:
    return read_configuration(yamlfile.loads(text, "modbus-client.yml"))


def test_nothing_is_a_configuration() -> None:
    assert _read("") == Configuration()


def test_everything_that_can_be_said_of_a_device() -> None:
    config = _read("""
replace_stock: true
gap: 0.02
close_when_idle: 5
scan_networks: [10.0.0.0/22]
export_limit: {inverter: pv_1, set_point: 100, safe: 500}
devices:
  - spec: rtu:/dev/serial/by-id/usb-x-port0:19200:1
    parity: even
    stop_bits: 1
    model: schneider_iem3x55
    role: pvinverter
    name: Roof
    invert: true
    ct_ratio: 60
    power_offset: -12.5
    phases: {1: 3, 3: 1}
    silence: 10
    sleeps_at_night: false
    fast_age: 0.5
    age: 10
    energy: import_export
    options: [allow_g100_writes]
""")
    (device,) = config.devices
    assert device.framing == Framing("E", 1)
    assert device.adjustment == Adjustment({1: 3, 3: 1}, invert=True, ct_ratio=60.0, power_offset_w=-12.5)
    assert (device.sleeps_at_night, device.energy, device.options) == (
        False,
        "import_export",
        {"allow_g100_writes": True},
    )
    assert config.replace_stock
    assert config.export_limit is not None
    assert config.export_limit.safe_w == 500.0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("devices: [{spec: nonsense}]", "modbus-client.yml:1: spec"),
        ("devices: [{spec: 'tcp:a:502:1'}, {spec: 'tcp:a:502:1'}]", "twice"),
        ("devices: [{spec: 'tcp:a:502:1', parity: mark}]", "parity"),
        ("devices: [{spec: 'tcp:a:502:1', phases: {1: 4}}]", "phases"),
        ("devices: [{spec: 'tcp:a:502:1', phases: {1: 2, 2: 2}}]", "same one"),
        ("devices: [{spec: 'tcp:a:502:1', role: boiler}]", "role"),
        ("devices: [{spec: 'tcp:a:502:1', age: -1}]", "age"),
        ("devices: [{spec: 'tcp:a:502:1', ct_ratio: 0}]", "ct_ratio"),
        ("devices: [{spec: 'tcp:a:502:1', silence: 0}]", "silence"),
        ("export_limit: {inverter: pv_1, stale: 0}", "stale"),
        ("gap: 11", "gap"),
        ("scan_networks: [everywhere]", "scan_networks"),
        ("colour: red", "colour: is unknown"),
    ],
)
def test_mistakes_are_named(text: str, complaint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        _read(text)
    assert complaint in str(caught.value)
