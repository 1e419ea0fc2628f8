from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_client.protocol.errors import SpecError
from modbus_client.protocol.spec import Framing, format_saved, parse_saved, parse_spec


@pytest.mark.parametrize(
    "text",
    [
        "tcp:192.168.1.5:502:1",
        "udp:meter.local:502:0",
        "rtutcp:10.0.0.2:4196:247",
        "tcp:[fe80::1]:502:255",
        "rtu:ttyUSB0:9600:1",
        "tcp:inverter:502:1/2",
        "ascii:ttyUSB1:19200:61",
        "rtu:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0:9600:2",
        "rtu:/dev/serial/by-path/platform-1c1c000.usb-usb-0:1:1.0-port0:9600:2",
    ],
)
def test_specs_come_back_as_they_were(text: str) -> None:
    assert str(parse_spec(text)) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tcp:host:502", "expected"),
        ("http:host:502:1", "unknown method"),
        ("tcp::502:1", "no host name"),
        ("tcp:fe80::1:502:1", "no host name"),
        ("tcp:host:0:1", "port"),
        ("tcp:host:x:1", "port"),
        ("tcp:host:502:256", "unit"),
        ("rtu:ttyUSB0:9600:248", "unit"),
        ("tcp:host:502:1/", "device '' of the unit"),
        ("tcp:host:502:1/33", "device '33' of the unit"),
        ("rtu:tty USB0:9600:1", "no tty"),
        ("rtu:ttyUSB0:10:1", "rate"),
        ("tcp:host:502:-1", "unit"),
        ("tcp:host:5\u06602:1", "port"),
    ],
)
def test_malformed_specs_say_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint):
        parse_spec(text)


@given(st.text(max_size=40))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        spec = parse_spec(text)
    except SpecError:
        return
    assert parse_spec(str(spec)) == spec


def test_saved_list_keeps_the_good_and_names_the_bad() -> None:
    specs, faults = parse_saved("tcp:b:502:1, nonsense,tcp:a:502:2,,tcp:b:502:1")
    assert format_saved(specs) == "tcp:a:502:2,tcp:b:502:1"
    assert len(faults) == 1
    assert "nonsense" in faults[0]


def test_units_of_one_gateway_share_an_endpoint() -> None:
    assert parse_spec("tcp:gw:502:1").endpoint() == parse_spec("tcp:gw:502:2").endpoint()
    assert parse_spec("tcp:gw:502:1").endpoint() != parse_spec("udp:gw:502:1").endpoint()
    assert str(parse_spec("rtu:ttyUSB0:9600:1").endpoint(Framing("E"))) == "rtu:ttyUSB0:9600"


def test_bits_on_the_wire() -> None:
    assert Framing().bits_per_byte == 10
    assert Framing("E").bits_per_byte == 11
    assert Framing("N", 2).bits_per_byte == 11
