"""Bodies of ItemsChanged for tests: hypothesis strategies, and what both D-Bus libraries make of the same items."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, Any

import dbus_fast
import dbus_fast._private.unmarshaller as fast_unmarshaller
import dbus_next
import dbus_next._private.unmarshaller as next_unmarshaller
from dbus_next._private.constants import HeaderField
from dbus_next._private.marshaller import Marshaller
from hypothesis import strategies as st

if TYPE_CHECKING:
    from velib_async.items_changed import Item

LIBRARIES: dict[str, Any] = {"dbus_fast": dbus_fast, "dbus_next": dbus_next}
UNMARSHALLERS: dict[str, Any] = {
    "dbus_fast": fast_unmarshaller.Unmarshaller,
    "dbus_next": next_unmarshaller.Unmarshaller,
}
_MARSHALLER: Any = Marshaller  # dbus_next has no types here
_serials = itertools.count(1)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=70)
INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
DOUBLE = st.floats(allow_nan=False)
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "i": INT32,
    "x": INT64,
    "d": DOUBLE,
    "s": texts,
    "b": st.booleans(),
    "u": st.integers(0, 2**32 - 1),
}
scalars = st.one_of([st.tuples(st.just(kind), values) for kind, values in _SCALARS.items()])
arrays = st.one_of([st.tuples(st.just("a" + kind), st.lists(values, max_size=5)) for kind, values in _SCALARS.items()])
typed = st.one_of(scalars, arrays)
limits = st.none() | st.dictionaries(st.sampled_from(["Min", "Max", "Default", "Unit"]), typed, max_size=4)
paths = st.from_regex(r"(/[A-Za-z0-9_]{1,9}){1,5}", fullmatch=True)


@st.composite
def items(draw: st.DrawFn, max_size: int = 8) -> list[Item]:
    names = draw(st.lists(paths, max_size=max_size, unique=True))
    return [(name, *draw(typed), draw(texts), draw(limits)) for name in names]


def message_of(library: str, batch: list[Item]) -> Any:
    """The same items as a Message of the library."""
    api = LIBRARIES[library]
    body = {
        path: {
            key: api.Variant(signature, value)
            for key, (signature, value) in {"Value": (kind, value), "Text": ("s", text), **(others or {})}.items()
        }
        for path, kind, value, text, others in batch
    }
    return api.Message(
        message_type=api.MessageType.SIGNAL,
        flags=api.MessageFlag.NO_REPLY_EXPECTED,
        path="/",
        interface="com.victronenergy.BusItem",
        member="ItemsChanged",
        signature="a{sa{sv}}",
        body=[body],
        serial=7,
    )


def body_of(library: str, batch: list[Item]) -> bytes:
    """The bytes that the library's own marshaller makes of the items."""
    frame = bytes(message_of(library, batch)._marshall(False))
    return frame[len(frame) - int.from_bytes(frame[4:8], "little") :]


def header_for(body: bytes) -> bytes:
    """The header of an ItemsChanged with this body."""
    header = bytes(message_of("dbus_fast", [])._marshall(False))[:-8]
    return header[:4] + len(body).to_bytes(4, "little") + header[8:]


def read_by(library: str, body: bytes) -> dict[str, dict[str, Any]]:
    """What the library's own unmarshaller reads from the body, without variants."""
    message = UNMARSHALLERS[library](io.BytesIO(header_for(body) + body)).unmarshall()
    assert message is not None
    return {path: {key: variant.value for key, variant in fields.items()} for path, fields in message.body[0].items()}


def frame_of(batch: list[Item], sender: str = ":1.7", **header: str) -> bytes:
    """An ItemsChanged as the bus daemon delivers it: with its sender. Header fields can be other ones."""
    fields = {"PATH": "/", "INTERFACE": "com.victronenergy.BusItem", "MEMBER": "ItemsChanged", **header}
    return frame(fields | {"SENDER": sender, "SIGNATURE": "a{sa{sv}}"}, body_of("dbus_next", batch))


def frame(header: dict[str, str], body: bytes) -> bytes:
    """A signal; each has another serial."""
    codes = {"PATH": "o", "SIGNATURE": "g"}
    fields = [
        [HeaderField[name].value, LIBRARIES["dbus_next"].Variant(codes.get(name, "s"), value)]
        for name, value in header.items()
    ]
    block = _MARSHALLER("yyyyuua(yv)", [ord("l"), 4, 1, 1, len(body), next(_serials), fields])
    block.marshall()
    block.align(8)
    return bytes(block.buffer) + body
