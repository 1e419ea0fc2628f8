"""The two worked examples of the project's document, and what lies around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_client.line import make_message
from modbus_client.protocol.errors import ValueRefused
from modbus_client.protocol.request import Failure, Reason, Reply
from modbus_client.protocol.vreglink import READ_FAILED, WRITE_FAILED, Window, parse_reading, parse_writing
from simulators.modbus.models import make_image
from tests.unit.modbus_client.conversation import converse

SELECT_PRODUCT = bytes.fromhex("17 40 00 00 05 40 00 00 01 02 01 00")
SET_DESCRIPTION = bytes.fromhex("17 40 00 00 02 40 00 00 08 10 01 0c 00 0b 4d 79 20 50 72 65 63 69 6f 75 73 00")


def _bytes(message: object) -> bytes:
    return bytes([message.function_code]) + message.encode()  # type: ignore[attr-defined, no-any-return] # pymodbus


def test_reading_the_product_id() -> None:
    assert _bytes(make_message(Window(0x4000, 2).select(0x0100))) == SELECT_PRODUCT
    assert parse_reading(0x0100, Reply((0x0100, 0, 4, 0x0012, 0x34FE))) == (0, b"\x00\x12\x34\xfe")


def test_setting_the_description() -> None:
    assert _bytes(make_message(Window(0x4000, 32).write(0x010C, b"My Precious"))) == SET_DESCRIPTION
    assert parse_writing(0x010C, Reply((0x010C, 0))) == 0


@pytest.mark.parametrize("status", [0x8000, 0x8001, 0x8002])
def test_a_status_other_than_success_has_no_data(status: int) -> None:
    assert parse_reading(0x0100, Reply((0x0100, status, 4, 1, 2))) == (status, b"")


@pytest.mark.parametrize(
    "outcome", [Failure(Reason.TIMEOUT), Failure(Reason.REFUSED, 1), Reply((0x0101, 0, 0)), Reply((1,))]
)
def test_without_a_usable_answer_the_error_is_unknown(outcome: Reply | Failure) -> None:
    assert parse_reading(0x0100, outcome) == (READ_FAILED, b"")
    assert parse_writing(0x0100, outcome) == WRITE_FAILED


def test_a_value_longer_than_the_window_is_truncated() -> None:
    assert parse_reading(1, Reply((1, 0, 99, 0x4142, 0x4344))) == (0, b"ABCD")


def test_data_larger_than_the_window_is_refused() -> None:
    with pytest.raises(ValueRefused, match="more than the 64"):
        Window(0x4000, 32).write(1, bytes(65))
    assert converse(Window(0x4000, 32).set(1, bytes(65)), make_image("vm3p")) == (WRITE_FAILED, b"")


@given(st.binary(max_size=64))
def test_what_is_set_is_read_back(data: bytes) -> None:
    meter = make_image("vm3p")
    window = Window(0x4000, 32)
    assert converse(window.set(0x010C, data), meter) == (0, b"") or not data
    if data:
        assert converse(window.get(0x010C), meter) == (0, data)


def test_an_unknown_vreg_says_so() -> None:
    meter = make_image("vm3p")
    assert converse(Window(0x4000, 32).get(0x9999), meter) == (0x8001, b"")
    assert converse(Window(0x4000, 32).set(0x9999, b"x"), meter) == (0x8101, b"")
