from __future__ import annotations

import pytest
from hypothesis import given

from tests.unit.velib_async.bodies import LIBRARIES, body_of, items
from velib_async import items_changed
from velib_async.items_changed import MAX_PACKED_TEXT, Encoder, Item, UnencodableItem, UnknownType

each_library = pytest.mark.parametrize("library", LIBRARIES)
ENCODERS = {library: Encoder() for library in LIBRARIES}  # kept over the examples: what is remembered must stay right


@each_library
@given(batch=items())
def test_body_is_that_of_the_library(library: str, batch: list[Item]) -> None:
    assert ENCODERS[library].encode(batch) == body_of(library, batch)
    assert Encoder().encode(batch) == body_of(library, batch)


@each_library
@pytest.mark.parametrize("size", [0, 1, 7, 8, MAX_PACKED_TEXT, MAX_PACKED_TEXT + 1, 1000])
@pytest.mark.parametrize("path", ["/", "/Ac", "/Ac/P", "/Ac/Power", "/Ac/L1/Power", "/Ac/L1/Voltage"])
def test_every_alignment_of_path_and_text(library: str, path: str, size: int) -> None:
    for kind, value in (("d", -0.5), ("i", -3), ("x", 2**40), ("s", "x" * size), ("ai", [])):
        batch: list[Item] = [(path, kind, value, "x" * size, None), ("/Last", kind, value, "x" * size, None)]
        assert Encoder().encode(batch) == body_of(library, batch)


@each_library
def test_large_batch(library: str) -> None:
    batch: list[Item] = [(f"/Path/{n}", "d", n / 7, f"{n / 7:.{n % 9}f} V", None) for n in range(6000)]
    assert len(batch) > items_changed.MAX_KNOWN_PATHS
    assert Encoder().encode(batch) == body_of(library, batch)


@each_library
def test_limits_that_change_are_not_remembered(library: str) -> None:
    encoder = Encoder()
    for maximum in (1.0, 2.0):
        batch: list[Item] = [("/Level", "d", 0.5, "50 %", {"Min": ("d", 0.0), "Max": ("d", maximum)})]
        assert encoder.encode(batch) == encoder.encode(batch) == body_of(library, batch)


@each_library
@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("i", 2**31, ""),
        ("x", 2**63, ""),
        ("d", "warm", ""),
        ("d", None, ""),
        ("d", 1.0, "NUL\0"),
        ("d", 1.0, "\ud800"),
        ("d", 1.0, None),
        ("s", "NUL\0", ""),
        ("s", 3, ""),
        ("ai", [1, 2.5], ""),
        ("ai", None, ""),
        ("as", ["fine", "NUL\0"], ""),
    ],
)
def test_item_without_dbus_form_is_named_and_harms_no_later_batch(
    library: str, kind: str, value: object, text: str
) -> None:
    encoder = Encoder()
    good: list[Item] = [("/Good", "d", 1.0, "1", None)]
    with pytest.raises(UnencodableItem, match="/Bad cannot be sent") as caught:
        encoder.encode([*good, ("/Bad", kind, value, text, None)])
    assert caught.value.path == "/Bad"
    assert encoder.encode(good) == body_of(library, good)


@pytest.mark.parametrize(("kind", "value"), [("a{sv}", {}), ("av", []), ("v", None), ("ay", b"1"), ("n", 1)])
def test_types_that_items_do_not_have_are_left_to_the_library(kind: str, value: object) -> None:
    with pytest.raises(UnknownType, match="type"):
        Encoder().encode([("/Tree", kind, value, "", None)])


@each_library
def test_body_over_the_limit_is_refused(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    batch: list[Item] = [("/A", "d", 1.0, "1", None)]
    size = len(body_of(library, batch)) - 8
    monkeypatch.setattr(items_changed, "MAX_BODY_BYTES", size)
    assert len(Encoder().encode(batch)) == size + 8
    with pytest.raises(ValueError, match=f"{size + 8} bytes; D-Bus allows {size}"):
        Encoder().encode([("/A", "s", "x" * 8, "1", None)])
