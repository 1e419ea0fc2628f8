from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from velib_async.bus import NO_REPLY, UNKNOWN_METHOD, Bus, IncomingCall
from velib_async.errors import CallError, CallTimeout
from velib_async.memory import MemoryHub
from velib_async.scanning import NO_TREE, scan
from velib_async.values import Variant

UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"

if TYPE_CHECKING:
    from collections.abc import Mapping


def bus_with(answers: Mapping[str, tuple[str, Any] | str | None]) -> tuple[Bus, str, list[str]]:
    """A bus with one service that answers by member with a value, an error or not at all; and what it is asked."""
    asked: list[str] = []

    def answer(call: IncomingCall) -> bool:
        asked.append(call.member)
        match answers.get(call.member, UNKNOWN_METHOD):
            case str(error):
                call.refuse(error, "on purpose")
            case signature, value:
                call.reply(signature, value)
        return True

    hub = MemoryHub()
    server = hub.connect()
    server.set_call_handler(answer)
    return hub.connect(), server.unique_name, asked


async def test_get_items_is_enough() -> None:
    bus, name, asked = bus_with({"GetItems": ("a{sa{sv}}", {"/X": {"Value": 1, "Text": "one"}, "/Y": {"Value": None}})})
    assert await scan(bus, name) == {"/X": (1, "one"), "/Y": (None, None)}
    assert asked == ["GetItems"]


@pytest.mark.parametrize("error", [UNKNOWN_METHOD, UNKNOWN_OBJECT])
async def test_tree_is_read_where_there_is_no_get_items(error: str) -> None:
    tree, texts = {"Ac/Power": 1.5, "/Odd": None}, {"Ac/Power": "1.5 W"}
    bus, name, _ = bus_with({"GetItems": error, "GetValue": ("v", tree), "GetText": ("v", texts)})
    assert await scan(bus, name) == {"/Ac/Power": (1.5, "1.5 W"), "/Odd": (None, None)}


@pytest.mark.parametrize("texts", ["com.example.Error.Broken", ("s", "text"), ("v", None)])
async def test_texts_may_be_missing(texts: Any) -> None:
    bus, name, _ = bus_with({"GetValue": ("v", {"X": 1}), "GetText": texts})
    assert await scan(bus, name) == {"/X": (1, None)}


async def test_service_without_items_is_empty() -> None:
    bus, name, _ = bus_with({"GetValue": ("v", None), "GetText": ("s", "")})
    assert await scan(bus, name) == {}


async def test_other_errors_are_no_reason_to_try_the_old_way() -> None:
    bus, name, asked = bus_with({"GetItems": "com.example.Error.Busy", "GetValue": ("v", {"X": 1})})
    with pytest.raises(CallError, match="Busy"):
        await scan(bus, name)
    assert asked == ["GetItems"]


async def test_answer_that_is_no_tree_is_an_error() -> None:
    bus, name, _ = bus_with({"GetItems": ("i", 5)})
    with pytest.raises(CallError, match=NO_TREE):
        await scan(bus, name)


async def test_what_has_no_path_in_a_tree_is_passed_over() -> None:
    tree = Variant("a{iv}", {5: Variant("i", 1)})
    bus, name, _ = bus_with({"GetValue": ("v", tree), "GetText": ("v", {"X": "x"})})
    assert await scan(bus, name) == {}


@pytest.mark.parametrize("silent", ["GetItems", "GetText"])
async def test_silence_has_a_limit(silent: str) -> None:
    answers: dict[str, Any] = {"GetItems": UNKNOWN_METHOD, "GetValue": ("v", {"X": 1}), "GetText": ("s", "")}
    bus, name, _ = bus_with({**answers, silent: None})
    with pytest.raises(CallTimeout, match=NO_REPLY):
        await scan(bus, name, timeout_s=0.05)
