from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from obdio.decoding import decode, decode_part, decode_voltage
from obdio.extra import CommandSpec
from obdio.formula import Formula
from obdio.table import Table, load


def message(table: Table, data: bytes) -> Any:
    """Return an assembled answer of the engine's unit."""
    made = table.obd.protocols.protocol.Message([SimpleNamespace(tx_id=0, raw="")])
    made.ecu, made.data = table.obd.ECU.ENGINE, bytearray(data)
    return made


@pytest.mark.parametrize("vin", [b"WP0ZZZ99ZTS392120", b"1FTFW1ET5DFC10312", b"2x0\\1210x212x0121"])
def test_a_vin_keeps_the_characters_that_python_obd_strips(table: Table, vin: bytes) -> None:
    answer = message(table, b"\x49\x02\x01" + vin)
    assert bytes(decode(table, table.find("VIN"), [answer]).value) == vin


def test_an_answer_that_its_own_decoder_cannot_read_has_no_value(table: Table) -> None:
    own = Table(load(), [CommandSpec("RATIO", "", "015D", 2, Formula("A / B"), "")])
    ratio = own.find("RATIO")
    assert decode(own, ratio, [message(table, b"\x41\x5d\x06\x03")]).value == 2
    for data in (b"\x41\x5d\x06\x00", b"\x41\x5d\x06", b""):
        assert decode(own, ratio, [message(table, data)]).value is None
    assert decode(own, ratio, []).command is ratio


def test_a_part_of_an_answer_is_decoded_like_an_answer_of_its_own(table: Table) -> None:
    whole, rpm = message(table, b"\x41\x0c\x1a\xf8\x0d\x20"), table.find("RPM")
    assert decode_part(table, rpm, whole, b"\x1a\xf8").value.magnitude == 1726
    assert decode_part(table, rpm, whole, None).value is None
    assert bytes(whole.data) == b"\x41\x0c\x1a\xf8\x0d\x20"  # the others are still to be taken from it


@pytest.mark.parametrize(
    ("lines", "volts"),
    [
        (["14.1V"], 14.1),
        (["ATRV", "14.1V"], 14.1),
        (["LV RESET", "12.6"], 12.6),
        (["?"], None),
        (["nanV"], None),
        ([], None),
    ],
)
def test_the_voltage_is_found_behind_what_an_adapter_says_after_a_reset(
    table: Table, lines: list[str], volts: float | None
) -> None:
    assert decode_voltage(table, table.obd.protocols.ISO_15765_4_11bit_500k([])(lines)) == volts
