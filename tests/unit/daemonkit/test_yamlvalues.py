from __future__ import annotations

from typing import Any

import pytest

from daemonkit.errors import DefinitionError
from daemonkit.yamlfile import YamlList, YamlMapping, loads

TEXT = """\
name: tank
port: 1883
level: 2.5
enabled: true
items: [1]
more: {a: 1}
wrong: .nan
"""


@pytest.fixture(scope="module")
def mapping() -> YamlMapping:
    return loads(TEXT, "f.yml")


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("name", str), ("port", int), ("port", float), ("level", float), ("enabled", bool),
        ("items", YamlList), ("more", YamlMapping),
    ],
)  # fmt: skip
def test_fetch_returns_a_value_of_the_kind_asked_for(mapping: YamlMapping, key: str, kind: type) -> None:
    assert type(mapping.fetch(key, kind)) is kind


def test_fetch_returns_the_default_only_when_absent(mapping: YamlMapping) -> None:
    assert mapping.fetch("absent", int, 7) == 7
    assert mapping.fetch("absent", str, None) is None
    assert mapping.fetch("port", int, 7) == 1883


@pytest.mark.parametrize(
    ("key", "kind", "limits", "message"),
    [
        ("absent", int, {}, "f.yml:1: absent: is missing"),
        ("name", int, {}, "f.yml:1: name: has to be an integer, not 'tank'"),
        ("enabled", int, {}, "f.yml:4: enabled: has to be an integer, not True"),
        ("enabled", float, {}, "f.yml:4: enabled: has to be a number, not True"),
        ("level", int, {}, "f.yml:3: level: has to be an integer, not 2.5"),
        ("port", str, {}, "f.yml:2: port: has to be text, not 1883"),
        ("items", YamlMapping, {}, "f.yml:5: items: has to be a mapping, not [1]"),
        ("more", YamlList, {}, "f.yml:6: more: has to be a list, not {'a': 1}"),
        ("port", int, {"maximum": 1000}, "f.yml:2: port: has to be at most 1000, not 1883"),
        ("port", int, {"minimum": 2000}, "f.yml:2: port: has to be at least 2000, not 1883"),
        ("wrong", float, {"minimum": 0}, "f.yml:7: wrong: has to be at least 0, not nan"),
        ("name", str, {"choices": ("gps", "grid")}, "f.yml:1: name: has to be one of gps, grid, not 'tank'"),
    ],
)
def test_fetch_names_place_field_and_rule(
    mapping: YamlMapping, key: str, kind: type, limits: dict[str, Any], message: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        mapping.fetch(key, kind, **limits)
    assert str(caught.value) == message


def test_refuse_others_names_the_unknown_key_and_the_known_ones(mapping: YamlMapping) -> None:
    mapping.refuse_others(list(mapping))
    with pytest.raises(DefinitionError, match=r"f\.yml:2: port: is unknown; known are name, level"):
        mapping.refuse_others(["name", "level"])


def test_long_wrong_values_are_cut() -> None:
    with pytest.raises(DefinitionError) as caught:
        loads(f"a: {'x' * 500}\n", "f.yml").fetch("a", int)
    assert len(str(caught.value)) < 120
