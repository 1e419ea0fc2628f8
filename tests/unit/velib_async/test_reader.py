from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.velib_async.bodies import UNMARSHALLERS, frame, frame_of
from velib_async import _reader
from velib_async._reader import MAX_MESSAGE_BYTES, MAX_SENDERS, MessageReader
from velib_async.bus import BUS_ITEM

if TYPE_CHECKING:
    from velib_async.items_changed import Item

ITEMS: list[Item] = [("/Dc/0/Voltage", "d", 25.5, "25.50 V", None), ("/Mode", "i", 3, "On", None)]
ODD: list[Item] = [("/Odd", "s", "x", "x", None)]
CHANGES = {"/Dc/0/Voltage": (25.5, "25.50 V"), "/Mode": (3, "On")}
OTHER = frame({"PATH": "/", "INTERFACE": "org.example", "MEMBER": "Other", "SIGNATURE": "s"}, b"\5\0\0\0hello\0")


class Library:
    """Stands where a D-Bus library stands: makes messages of bytes, and gets them."""

    def __init__(self, name: str = "dbus_fast") -> None:
        self.read: list[Any] = []
        self.changes: list[tuple[str, object]] = []
        self.is_shared = False
        self._unmarshaller = UNMARSHALLERS[name]
        self.reader = MessageReader(
            unmarshall=lambda data: self._unmarshaller(io.BytesIO(data)).unmarshall(),
            deliver=self.read.append,
            on_items_changed=lambda sender, changes: self.changes.append((sender, changes)),
            is_shared=lambda: self.is_shared,
        )

    @property
    def members(self) -> list[tuple[str, str | None]]:
        return [(message.member, message.sender) for message in self.read]


@pytest.mark.parametrize("name", UNMARSHALLERS)
def test_first_items_changed_of_a_sender_goes_to_the_library_and_later_ones_do_not(name: str) -> None:
    library = Library(name)
    for sender in (":1.7", ":1.7", ":1.8", ":1.7", ":1.8"):
        library.reader.feed(frame_of(ITEMS, sender))
    assert library.members == [("ItemsChanged", ":1.7"), ("ItemsChanged", ":1.8")]
    assert library.changes == [(":1.7", CHANGES), (":1.7", CHANGES), (":1.8", CHANGES)]


@given(data=st.data())
def test_chunks_make_no_difference(data: st.DataObject) -> None:
    stream = b"".join([frame_of(ITEMS), OTHER, frame_of(ITEMS), frame_of([]), OTHER, frame_of(ITEMS, ":1.8"), OTHER])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    library = Library()
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        library.reader.feed(stream[begin:end])
    assert [member for member, _ in library.members] == ["ItemsChanged", "Other", "Other", "ItemsChanged", "Other"]
    assert library.changes == [(":1.7", CHANGES), (":1.7", {})]


def test_byte_by_byte() -> None:
    library = Library()
    for byte in frame_of(ITEMS) + frame_of(ITEMS) + OTHER:
        library.reader.feed(bytes([byte]))
    assert library.changes == [(":1.7", CHANGES)]
    assert library.members == [("ItemsChanged", ":1.7"), ("Other", None)]


def test_message_larger_than_what_is_read_at_a_time() -> None:
    batch: list[Item] = [(f"/P{number}", "d", number / 3, f"{number / 3} V", None) for number in range(3000)]
    stream = frame_of(batch) * 2 + OTHER
    assert len(stream) > 4 * _reader.READ_BYTES
    library = Library()
    for begin in range(0, len(stream), _reader.READ_BYTES):
        library.reader.feed(stream[begin : begin + _reader.READ_BYTES])
    assert library.changes == [(":1.7", {path: (value, text) for path, _, value, text, _ in batch})]
    assert len(library.read) == 2


@pytest.mark.parametrize("header", [{"INTERFACE": "org.example"}, {"MEMBER": "Other"}])
def test_other_signals_with_the_same_body_are_the_librarys(header: dict[str, str]) -> None:
    library = Library()
    library.reader.feed(frame_of(ITEMS, **header) * 2)
    assert len(library.read) == 2
    assert not library.changes


@pytest.mark.parametrize("name", UNMARSHALLERS)
def test_big_endian_messages_are_the_librarys(name: str) -> None:
    def field(code: int, kind: bytes, text: bytes) -> bytes:
        size = bytes([len(text)]) if kind == b"g" else len(text).to_bytes(4, "big")
        return bytes([code]) + b"\1" + kind + b"\0" + size + text + b"\0"

    fields = b""
    texts = {1: b"/", 2: BUS_ITEM.encode(), 3: b"ItemsChanged", 7: b":1.7", 8: b"a{sa{sv}}"}
    for code, text in texts.items():
        fields += bytes(-len(fields) % 8) + field(code, {1: b"o", 8: b"g"}.get(code, b"s"), text)
    sizes = b"".join(number.to_bytes(4, "big") for number in (8, 9, len(fields)))
    header = b"B\4\1\1" + sizes + fields + bytes(-len(fields) % 8)
    library = Library(name)
    library.reader.feed((header + bytes(8)) * 2 + frame_of(ITEMS))
    assert library.members == [("ItemsChanged", ":1.7")] * 3
    assert [message.body for message in library.read[:2]] == [[{}], [{}]]
    assert library.reader.dropped == 0


def test_all_messages_are_the_librarys_while_others_listen() -> None:
    library = Library()
    library.reader.feed(frame_of(ITEMS))
    library.is_shared = True
    library.reader.feed(frame_of(ITEMS))
    assert len(library.read) == 2
    library.is_shared = False
    library.reader.feed(frame_of(ITEMS))
    assert library.changes == [(":1.7", CHANGES)]


def test_unusual_type_is_the_librarys() -> None:
    library = Library()
    usual = frame_of(ODD)
    library.reader.feed(usual + usual + usual.replace(b"\1s\0\0", b"\1o\0\0", 1))
    assert library.members == [("ItemsChanged", ":1.7")] * 2
    assert len(library.changes) == 1


def test_malformed_body_costs_one_message(caplog: pytest.LogCaptureFixture) -> None:
    library = Library()
    good = frame_of(ITEMS)
    bad = good.replace(b"\x07\0\0\x0025.50 V", b"\xff\0\0\x0025.50 V")
    assert bad != good
    library.reader.feed(good + bad + good + bad + good)
    assert library.changes == [(":1.7", CHANGES), (":1.7", CHANGES)]
    assert library.reader.dropped == 2
    assert [record.levelno for record in caplog.records if record.levelno > logging.DEBUG] == [logging.WARNING]


def test_message_that_the_library_cannot_read_costs_one_message() -> None:
    library = Library()
    library.reader.feed(OTHER.replace(b"hello", b"\xff\xff\xff\xff\xff") + OTHER)
    assert library.members == [("Other", None)]
    assert library.reader.dropped == 1


def test_handler_that_fails_costs_one_message(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("handler")

    reader = MessageReader(
        unmarshall=lambda data: UNMARSHALLERS["dbus_next"](io.BytesIO(data)).unmarshall(),
        deliver=fail,
        on_items_changed=fail,
        is_shared=lambda: False,
    )
    reader.feed(frame_of(ITEMS) + frame_of(ITEMS) + OTHER)
    assert [record.exc_text is not None for record in caplog.records] == [True] * 3
    assert reader.dropped == 0


@pytest.mark.parametrize("header", [b"\0" * 16, b"GET / HTTP/1.1\r\n", b"\xff" * 16])
def test_stream_that_is_no_dbus_is_refused(header: bytes) -> None:
    with pytest.raises(ValueError, match="byte order"):
        Library().reader.feed(header)


@pytest.mark.parametrize("at", [4, 12])
@pytest.mark.parametrize("order", [b"l", b"B"])
def test_message_over_the_limit_is_refused_before_it_is_waited_for(at: int, order: bytes) -> None:
    header = bytearray(order + bytes(15))
    header[at : at + 4] = (MAX_MESSAGE_BYTES + 1).to_bytes(4, "little" if order == b"l" else "big")
    with pytest.raises(ValueError, match="D-Bus allows"):
        Library().reader.feed(bytes(header))


def test_number_of_senders_remembered_is_limited() -> None:
    library = Library()
    for number in range(MAX_SENDERS + 10):
        library.reader.feed(frame_of(ITEMS, f":1.{number}") * 2)
    assert len(library.changes) == MAX_SENDERS + 10
    assert len(library.reader._senders) <= MAX_SENDERS


def test_header_of_unusual_size_is_not_remembered() -> None:
    library = Library()
    library.reader.feed(frame_of(ITEMS, PATH="/" + "x" * 600) * 2)
    assert len(library.read) == 2
    assert not library.reader._senders
