"""Frames of every kind of line: whole, byte by byte, behind garbage, damaged, late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_client.line import Codec
from modbus_client.protocol.request import (
    Exchange,
    Failure,
    Identify,
    Outcome,
    Read,
    ReadCoil,
    Reason,
    Reply,
    Request,
    Write,
    WriteCoil,
)
from simulators.modbus.image import Image
from simulators.modbus.pdu import answer
from simulators.modbus.rtu import crc16

METHODS = ("tcp", "rtu", "ascii", "rtutcp")
UNIT = 17
REQUESTS: list[tuple[Request, Outcome]] = [
    (Read("holding", 100, 3), Reply((1, 2, 0xFFFF))),
    (Read("input", 7, 1), Reply((99,))),
    (Read("holding", 300, 1), Failure(Reason.REFUSED, 2)),
    (Write(100, (5,)), Reply()),
    (Write(100, (5, 6)), Reply()),
    (Write(100, (5,), many=True), Reply()),
    (ReadCoil(9), Reply((1,))),
    (WriteCoil(9, on=False), Reply()),
    (Identify(), Reply(texts=((0, "Acme"), (1, "A1"), (2, "3")))),
    (Exchange(0x4000, (0x0100,), 5), Reply((0x0100, 0, 4, 0x0012, 0x34FE))),
]


def _image() -> Image:
    return Image(
        {("h", 100): 1, ("h", 101): 2, ("h", 102): 0xFFFF, ("i", 7): 99},
        coils={9: True},
        identification={0: "Acme", 1: "A1", 2: "3"},
        vregs={0x0100: b"\x00\x12\x34\xfe"},
        vreg_at=0x4000,
    )


def _open(method: str, frame: bytes) -> bytes:
    """Return unit and message of a request frame, taken apart without the code under test."""
    if method == "tcp":
        assert int.from_bytes(frame[4:6], "big") == len(frame) - 6
        return frame[6:]
    if method == "ascii":
        assert (frame[:1], frame[-2:]) == (b":", b"\r\n")
        data = bytes.fromhex(frame[1:-2].decode())
        assert sum(data) & 0xFF == 0
        return data[:-1]
    assert crc16(frame) == b"\0\0"
    return frame[:-2]


def _wrap(method: str, request: bytes, body: bytes) -> bytes:
    if method == "tcp":
        return request[:4] + len(body).to_bytes(2, "big") + body
    if method == "ascii":
        return b":" + (body + bytes([-sum(body) & 0xFF])).hex().upper().encode() + b"\r\n"
    return body + crc16(body)


def _ask(codec: Codec, method: str, request: Request, image: Image, unit: int = UNIT) -> bytes:
    """Return the reply frame to a request."""
    frame = codec.frame(UNIT, request)
    opened = _open(method, frame)
    assert opened[0] == UNIT
    return _wrap(method, frame, bytes([unit]) + answer(opened[1:], image))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("request_", "outcome"), REQUESTS, ids=str)
def test_replies_arrive_whole_and_byte_by_byte(method: str, request_: Request, outcome: Outcome) -> None:
    codec = Codec(method)  # type: ignore[arg-type] # literals
    assert codec.feed(_ask(codec, method, request_, _image())) == outcome
    reply = _ask(codec, method, request_, _image())
    found = [codec.feed(reply[n : n + 1]) for n in range(len(reply))]
    assert found[:-1] == [None] * (len(reply) - 1)
    assert found[-1] == outcome
    assert codec.damaged == 0


@given(st.sampled_from(METHODS), st.lists(st.integers(1, 6), min_size=1, max_size=40))
def test_replies_arrive_in_any_pieces(method: str, sizes: list[int]) -> None:
    codec = Codec(method)  # type: ignore[arg-type] # literals
    reply = _ask(codec, method, Read("holding", 100, 3), _image())
    found, at = None, 0
    for size in [*sizes, len(reply)]:
        found = found or codec.feed(reply[at : at + size])
        at += size
        if at >= len(reply):
            break
    assert found == Reply((1, 2, 0xFFFF))


@pytest.mark.parametrize("method", ["rtu", "ascii"])
def test_a_damaged_reply_is_counted_and_the_next_one_is_good(method: str) -> None:
    codec = Codec(method)  # type: ignore[arg-type] # literals
    reply = bytearray(_ask(codec, method, Read("holding", 100, 3), _image()))
    reply[5] ^= 0x01
    assert codec.feed(bytes(reply)) is None
    assert codec.damaged == 1
    assert codec.feed(_ask(codec, method, Read("holding", 100, 3), _image())) == Reply((1, 2, 0xFFFF))


def test_a_late_answer_of_another_transaction_is_dropped() -> None:
    codec = Codec("tcp")
    late = _ask(codec, "tcp", Read("holding", 100, 1), _image())
    right = _ask(codec, "tcp", Read("holding", 101, 1), _image())
    assert codec.feed(late) is None
    assert codec.feed(right) == Reply((2,))


def test_a_late_answer_on_a_serial_line_is_known_by_its_length() -> None:
    codec = Codec("rtu")
    late = _ask(codec, "rtu", Read("holding", 100, 3), _image())
    right = _ask(codec, "rtu", Read("holding", 101, 1), _image())
    assert codec.feed(late) is None
    assert codec.damaged == 1
    assert codec.feed(right) == Reply((2,))


def test_an_answer_of_another_unit_is_not_ours() -> None:
    codec = Codec("rtu")
    assert codec.feed(_ask(codec, "rtu", Read("holding", 100, 1), _image(), unit=UNIT + 1)) is None


@given(st.binary(max_size=600), st.sampled_from(METHODS))
def test_noise_harms_nothing(noise: bytes, method: str) -> None:
    codec = Codec(method)  # type: ignore[arg-type] # literals
    codec.frame(UNIT, Read("holding", 100, 3))
    codec.feed(noise)
    assert codec.feed(_ask(codec, method, Read("holding", 100, 3), _image())) == Reply((1, 2, 0xFFFF))


def test_before_the_first_request_nothing_is_understood() -> None:
    assert Codec("rtu").feed(b"\x01\x03\x02\x00\x01\x79\x84") is None
