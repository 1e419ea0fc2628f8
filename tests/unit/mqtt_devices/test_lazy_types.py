from __future__ import annotations

import pytest

from daemonkit.errors import DefinitionError
from mqtt_devices.errors import Mistakes
from mqtt_devices.protocol.lazy_types import LazyTypes
from mqtt_devices.protocol.service_types import ServiceType


class Reader:
    """Reads every type but `broken`, and counts."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.told: list[str] = []

    def __call__(self, name: str) -> ServiceType:
        self.names.append(name)
        if name == "broken":
            raise Mistakes([DefinitionError("a.yml:3", "x", "is wrong")])
        return ServiceType(name, {})

    def tell(self, mistakes: Mistakes) -> None:
        self.told.append(str(mistakes))


def test_type_is_read_once_and_only_when_it_is_looked_up() -> None:
    reader = Reader()
    types = LazyTypes(("tank", "grid"), reader)
    assert (list(types), len(types), "tank" in types, "other" in types, sorted(types)) == (
        ["tank", "grid"],
        2,
        True,
        False,
        ["grid", "tank"],
    )
    assert reader.names == []
    assert types["grid"] is types["grid"] is types.get("grid")
    assert reader.names == ["grid"]
    with pytest.raises(KeyError):
        types["other"]


def test_mistakes_are_raised_each_time_and_told_once() -> None:
    reader = Reader()
    types = LazyTypes(("broken", "tank"), reader, reader.tell)
    for _ in range(3):
        with pytest.raises(Mistakes, match=r"a\.yml:3: x: is wrong"):
            types["broken"]
    assert types["tank"].name == "tank"
    assert (reader.names, reader.told) == (["broken", "tank"], ["a.yml:3: x: is wrong"])


def test_reading_ahead_tells_nobody_until_the_type_is_looked_up() -> None:
    reader = Reader()
    types = LazyTypes(("broken", "tank"), reader, reader.tell)
    types.read("broken")
    types.read("tank")
    assert reader.told == []
    with pytest.raises(Mistakes):
        types["broken"]
    assert (types["tank"].name, reader.names, len(reader.told)) == ("tank", ["broken", "tank"], 1)


def test_types_that_a_payload_names_are_found_until_they_are_read() -> None:
    types = LazyTypes(("tank", "tanker", "grid"), Reader())
    assert types.find_unread(b'{"services": {"a": "tank", "b": "grid"}}') == ["tank", "grid"]
    types.read("tank")
    assert types.find_unread(b'{"services": {"a": "tank", "b": "grid"}}') == ["grid"]
    assert types.find_unread(b'{"grid_1": 5}') == []


def test_others_are_put_over_without_reading_those_below() -> None:
    reader = Reader()
    mine = {name: ServiceType(name, {}, 5.0) for name in ("tank", "mine")}
    types = LazyTypes(("tank", "grid"), reader).over(mine)
    assert list(types) == ["tank", "grid", "mine"]
    assert (types["tank"].interval_s, types["mine"].interval_s, reader.names) == (5.0, 5.0, [])
    assert types.find_unread(b'"tank" "grid" "mine"') == ["grid"]
    assert types["grid"].interval_s == 1.0
