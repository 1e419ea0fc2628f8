from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.velib_async.bodies import LIBRARIES, body_of, items, read_by
from velib_async.items_changed import MAX_KNOWN_PATHS, Encoder, Item, UnknownType
from velib_async.items_received import MAX_PATH_BYTES, Decoder, MalformedBody

DECODER = Decoder()  # kept over the examples: what is remembered must stay right
GOOD: list[Item] = [
    ("/Dc/0/Voltage", "d", 25.5, "25.50 V", None),
    ("/Mode", "i", 3, "On", {"Min": ("i", 1), "Max": ("i", 4)}),
    ("/Serial", "s", "HQ2132", "HQ2132", None),
    ("/Soc", "ai", [], "---", None),
    ("/Phases", "as", ["L1", "L2"], "", None),
    ("/Cells", "ad", [3.2, 3.3], "", None),
]


def plain(read: dict[str, dict[str, Any]]) -> dict[str, tuple[Any, str | None]]:
    """What our decoder promises, from what a library read."""
    return {
        path: (None if fields["Value"] == [] else fields["Value"], fields.get("Text"))
        for path, fields in read.items()
        if "Value" in fields
    }


@pytest.mark.parametrize("library", LIBRARIES)
@given(batch=items())
def test_reads_what_the_library_reads(library: str, batch: list[Item]) -> None:
    body = body_of(library, batch)
    assert DECODER.decode(body) == plain(read_by(library, body))


@given(batch=items())
def test_reads_what_the_encoder_writes(batch: list[Item]) -> None:
    expected = {path: (None if value == [] else value, text) for path, _, value, text, _ in batch}
    assert DECODER.decode(Encoder().encode(batch)) == expected


@given(batch=items(), data=st.data())
def test_cut_body_is_malformed(batch: list[Item], data: st.DataObject) -> None:
    body = Encoder().encode(batch)
    with pytest.raises(MalformedBody, match="bytes"):
        DECODER.decode(body[: data.draw(st.integers(0, len(body) - 1))])


@given(
    batch=items(),
    damage=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_damaged_body_is_refused_or_read_but_nothing_else(batch: list[Item], damage: list[tuple[int, int]]) -> None:
    body = bytearray(Encoder().encode([*GOOD, *batch]))
    for position, value in damage:
        body[position % len(body)] = value
    try:
        changes = DECODER.decode(bytes(body))
    except (MalformedBody, UnknownType):
        changes = {}
    assert all(len(change) == 2 for change in changes.values())
    assert DECODER.decode(Encoder().encode(GOOD)).keys() == {item[0] for item in GOOD}


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(body: bytes) -> None:
    for candidate in (body, (len(body)).to_bytes(4, "little") + bytes(4) + body):
        try:
            DECODER.decode(candidate)
        except (MalformedBody, UnknownType):
            continue


def test_every_single_byte_of_a_size_or_type_may_be_wrong() -> None:
    body = Encoder().encode(GOOD)
    for position in range(len(body)):
        for value in (0, 1, 0x7F, 0xFF, ord("a"), ord("v")):
            damaged = body[:position] + bytes([value]) + body[position + 1 :]
            try:
                DECODER.decode(damaged)
            except (MalformedBody, UnknownType):
                continue


@pytest.mark.parametrize("library", LIBRARIES)
def test_fields_in_another_order_or_missing(library: str) -> None:
    api = LIBRARIES[library]
    body = {
        "/TextFirst": {"Text": api.Variant("s", "one"), "Value": api.Variant("d", 1.0)},
        "/NoText": {"Value": api.Variant("i", 2)},
        "/NoValue": {"Text": api.Variant("s", "three")},
        "/Nothing": {},
        "/LimitFirst": {"Max": api.Variant("d", 9.0), "Value": api.Variant("d", 4.0), "Text": api.Variant("s", "four")},
    }
    message = api.Message(path="/", member="M", signature="a{sa{sv}}", body=[body], serial=1)
    frame = bytes(message._marshall(False))
    read = Decoder().decode(frame[-int.from_bytes(frame[4:8], "little") :])
    assert read == {"/TextFirst": (1.0, "one"), "/NoText": (2, None), "/LimitFirst": (4.0, "four")}


@pytest.mark.parametrize("kind", ["v", "y", "n", "q", "t", "o", "g", "h", "av", "ay", "a{sv}", "aas", "(i)", ""])
def test_unusual_types_are_left_to_the_library(kind: str) -> None:
    field = b"\5\0\0\0Value\0%c%b\0" % (len(kind), kind.encode())
    fields = field + bytes(-len(field) % 4) + b"\4\0\0\0\1\1\1\1"
    entry = b"\4\0\0\0/Odd\0\0\0\0" + len(fields).to_bytes(4, "little") + fields
    with pytest.raises(UnknownType, match="type"):
        Decoder().decode(len(entry).to_bytes(4, "little") + bytes(4) + entry)


@pytest.mark.parametrize("kind", ["av", "au", "ay", "ai", "ad", "as"])
def test_any_empty_array_is_invalid(kind: str) -> None:
    field = b"\5\0\0\0Value\0\2%b\0" % kind.encode()
    fields = field + bytes(-len(field) % 4) + bytes(4)
    entry = b"\4\0\0\0/Odd\0\0\0\0" + len(fields).to_bytes(4, "little") + fields
    assert Decoder().decode(len(entry).to_bytes(4, "little") + bytes(4) + entry) == {"/Odd": (None, None)}


def test_what_a_peer_makes_us_remember_has_a_limit() -> None:
    decoder, encoder = Decoder(), Encoder()
    for first in range(0, 3 * MAX_KNOWN_PATHS, 1000):
        batch: list[Item] = [(f"/P{n}", "i", n, str(n), None) for n in range(first, first + 1000)]
        assert decoder.decode(encoder.encode(batch)) == {path: (value, text) for path, _, value, text, _ in batch}
    long_path = "/" + "x" * MAX_PATH_BYTES
    assert decoder.decode(encoder.encode([(long_path, "i", 1, "1", None)])) == {long_path: (1, "1")}
    assert len(decoder._known) <= MAX_KNOWN_PATHS
    assert long_path.encode() not in decoder._known
