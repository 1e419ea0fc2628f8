from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from tests.unit.velib_async.bodies import LIBRARIES, items, message_of
from velib_async._items_message import ItemsMessages

if TYPE_CHECKING:
    from velib_async.items_changed import Item


class Published:
    """An item that publishes what the test says."""

    def __init__(self, item: Item) -> None:
        self._item = item

    def published(self) -> Any:
        return self._item


MESSAGES = {name: ItemsMessages(library) for name, library in LIBRARIES.items()}
each_library = pytest.mark.parametrize("library", LIBRARIES)
GOOD: list[Item] = [("/A", "d", 1.5, "1.5 V", None), ("/B", "i", 2, "2", None)]


def publish(batch: list[Item]) -> list[Published]:
    return [Published(item) for item in batch]


@each_library
@given(batch=items())
def test_signal_is_the_librarys_own_byte_for_byte(library: str, batch: list[Item]) -> None:
    message = MESSAGES[library].changed(publish(batch))
    assert not message.serial  # so that the library gives it one
    message.serial = 7
    assert bytes(message._marshall(False)) == bytes(message_of(library, batch)._marshall(False))


@each_library
@given(batch=items())
def test_answer_is_the_librarys_own_byte_for_byte(library: str, batch: list[Item]) -> None:
    api = LIBRARIES[library]
    call = api.Message(destination="a.b", path="/", interface="a.b", member="GetItems", serial=5, sender=":1.9")
    answer = MESSAGES[library].answer(call, publish(batch))
    expected = api.Message.new_method_return(call, "a{sa{sv}}", message_of(library, batch).body)
    answer.serial = expected.serial = 70000
    assert bytes(answer._marshall(False)) == bytes(expected._marshall(False))


@each_library
def test_each_signal_gets_the_serial_of_its_sending(library: str) -> None:
    for serial in (1, 2, 2**32 - 1):
        message = MESSAGES[library].changed(publish(GOOD))
        message.serial = serial
        frame = bytes(message._marshall(False))
        assert int.from_bytes(frame[8:12], "little") == serial
        assert frame[2] == 1  # NO_REPLY_EXPECTED


@each_library
def test_value_of_an_unusual_type_goes_through_the_library(library: str) -> None:
    batch: list[Item] = [*GOOD, ("/Bytes", "ay", b"\1\2", "", None)]
    message = MESSAGES[library].changed(publish(batch))
    message.serial = 7
    assert bytes(message._marshall(False)) == bytes(message_of(library, batch)._marshall(False))
    answer = MESSAGES[library].answer(message, publish(batch))
    assert answer.body[0]["/Bytes"]["Value"].value == b"\1\2"


@each_library
def test_value_that_cannot_be_sent_costs_its_item_only(library: str, caplog: pytest.LogCaptureFixture) -> None:
    messages = ItemsMessages(LIBRARIES[library])
    batch: list[Item] = [GOOD[0], ("/Bad", "d", "warm", "", None), GOOD[1]]
    for _ in range(2):
        message = messages.changed(publish(batch))
        message.serial = 7
        assert bytes(message._marshall(False)) == bytes(message_of(library, GOOD)._marshall(False))
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [
        "/Bad cannot be sent over D-Bus: required argument is not a float; left out"
    ]
