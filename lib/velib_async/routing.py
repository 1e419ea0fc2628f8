"""Answers to method calls on a service: one function routes them all by path, so that an item costs no D-Bus object."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from velib_async.bus_interface import (
    BUS_ITEM,
    INTROSPECTABLE,
    INVALID_ARGS,
    PEER,
    UNKNOWN_METHOD,
    IncomingCall,
    items_body,
)
from velib_async.values import Variant, split_signature
from velib_async.writing import REFUSED, begin_write

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from velib_async.callbacks import Tasks
    from velib_async.items import Item

_XML_HEAD = (
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n'
    '"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">\n'
)


def route(items: Mapping[str, Item], call: IncomingCall, tasks: Tasks, answers: Tasks) -> bool:
    """Answers a call on any path of the service; False when the path, or the method there, is not its business."""
    item = items.get(call.path)
    if item is None and call.path != "/" and not _has_children(items, call.path):
        return False
    if call.interface == PEER and call.member == "Ping":
        call.reply()
    elif call.interface in (INTROSPECTABLE, "") and call.member == "Introspect":
        call.reply("s", introspect(items, call.path))
    elif call.interface in (BUS_ITEM, ""):
        return _route_leaf(item, call, tasks, answers) if item is not None else _route_node(items, call)
    else:
        return item is not None and item.handle_call(call)
    return True


def tree(items: Mapping[str, Item], path: str, read: Callable[[Item], Any]) -> dict[str, Any]:
    """Reads all items below a path; keys are relative to it, without a leading slash."""
    prefix = path.rstrip("/") + "/"
    return {key[len(prefix) :]: read(item) for key, item in items.items() if key.startswith(prefix)}


def introspect(items: Mapping[str, Item], path: str) -> str:
    """Describes one path in the introspection format of the D-Bus specification; paths hold nothing to be escaped."""
    children = dict.fromkeys(key.split("/", 1)[0] for key in tree(items, path, lambda item: item.path))
    item = items.get(path)
    answers = dict(_LEAF if item is not None else _NODE)
    if path == "/":
        answers.update(_ROOT_ONLY)
    interfaces: dict[str, Mapping[str, tuple[str, str]]] = {
        BUS_ITEM: {name: (signature_in, signature_out) for name, (signature_in, signature_out, _) in answers.items()},
        **(item.interfaces if item is not None else {}),
        INTROSPECTABLE: {"Introspect": ("", "s")},
    }
    lines = ["<node>"]
    for interface, methods in interfaces.items():
        lines.append(f'<interface name="{interface}">')
        lines += [_describe(name, *signatures) for name, signatures in methods.items()]
        if path == "/" and interface == BUS_ITEM:
            lines.append('<signal name="ItemsChanged"><arg type="a{sa{sv}}"/></signal>')
        lines.append("</interface>")
    lines += [f'<node name="{child}"/>' for child in children]
    return _XML_HEAD + "\n".join([*lines, "</node>"])


def _describe(method: str, signature_in: str, signature_out: str) -> str:
    arguments = [f'<arg direction="in" type="{one}"/>' for one in split_signature(signature_in)]
    arguments += [f'<arg direction="out" type="{one}"/>' for one in split_signature(signature_out)]
    return "\n".join([f'<method name="{method}">', *arguments, "</method>"])


def _has_children(items: Mapping[str, Item], path: str) -> bool:
    prefix = path + "/"
    return any(key.startswith(prefix) for key in items)


def _route_leaf(item: Item, call: IncomingCall, tasks: Tasks, answers: Tasks) -> bool:
    if call.member == "SetValue" and call.signature == "v":
        _answer_write(call, begin_write(item, call.body[0], tasks), answers, item.path)
        return True
    known = _LEAF.get(call.member)
    return _answer(call, known, item)


def _route_node(items: Mapping[str, Item], call: IncomingCall) -> bool:
    if call.path == "/" and call.member == "GetItems" and not call.signature:
        call.reply_items(items.values())
        return True
    known = _NODE.get(call.member) or (_ROOT_ONLY.get(call.member) if call.path == "/" else None)
    return _answer(call, known, items)


def _answer(call: IncomingCall, known: tuple[str, str, Callable[..., Any]] | None, subject: Any) -> bool:
    if known is None:
        return False
    signature_in, signature_out, answer = known
    if call.signature != signature_in:
        call.refuse(INVALID_ARGS, f'{call.member} takes "{signature_in}", not "{call.signature}"')
        return True
    value = answer(subject, call)
    if value is None:
        call.refuse(UNKNOWN_METHOD, f"{call.path} has nothing to say to {call.member}")
    else:
        call.reply(signature_out, value)
    return True


def _answer_write(call: IncomingCall, outcome: int | Awaitable[int], answers: Tasks, path: str) -> None:
    if isinstance(outcome, int):
        call.reply("i", outcome)
    else:
        answers.start(_answer_later(call, outcome), name=f"SetValue {path}")


async def _answer_later(call: IncomingCall, outcome: Awaitable[int]) -> None:
    try:
        call.reply("i", await outcome)
    except asyncio.CancelledError:
        call.reply("i", REFUSED)
        raise


def _limit(item: Item, limit: Any) -> Variant | None:
    return None if limit is None else item.encode(limit)


def _values(items: Mapping[str, Item], call: IncomingCall) -> Variant:
    return Variant("a{sv}", tree(items, call.path, lambda item: item.encode(item.value)))


def _texts(items: Mapping[str, Item], call: IncomingCall) -> Variant:
    return Variant("a{ss}", tree(items, call.path, lambda item: item.get_text()))


# member -> (signature of the arguments, signature of the answer, what to answer; None: the path has no such thing)
_LEAF: dict[str, tuple[str, str, Callable[[Any, IncomingCall], Any]]] = {
    "GetValue": ("", "v", lambda item, _: item.encode(item.value)),
    "GetText": ("", "s", lambda item, _: item.get_text()),
    "SetValue": ("v", "i", lambda _item, _call: REFUSED),
    "GetMin": ("", "v", lambda item, _: _limit(item, item.minimum)),
    "GetMax": ("", "v", lambda item, _: _limit(item, item.maximum)),
    "GetDefault": ("", "v", lambda item, _: _limit(item, item.default)),
    "GetDescription": ("si", "s", lambda item, _: item.description or None),
}
_NODE: dict[str, tuple[str, str, Callable[[Any, IncomingCall], Any]]] = {
    "GetValue": ("", "v", _values),
    "GetText": ("", "v", _texts),
    "SetValue": ("v", "i", lambda _items, _call: REFUSED),
}
_ROOT_ONLY: dict[str, tuple[str, str, Callable[[Any, IncomingCall], Any]]] = {
    "GetItems": ("", "a{sa{sv}}", lambda items, _: items_body(items.values())),
}
