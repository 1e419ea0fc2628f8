"""What a definition file may say, and how its mistakes are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemonkit.errors import DefinitionError
from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import BUILT_IN, load_catalogue, load_definition, stamp_of
from modbus_client.protocol.spec import parse_spec

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
schema: 1
vendor: {id: acme, name: Acme}
type: Energy meter
product: {name: Acme 1}
role: {default: grid, allowed: [grid, pvinverter]}
identity: {prefix: acme}
sources: ["the manual"]
probe:
  - {methods: [tcp], units: [1], register: {at: 0, type: u16}, models: {7: Acme 1}}
data:
  - {path: /Ac/Power, at: 10, type: s32, div: 10, fmt: "%.1f W"}
"""


def _load(directory: Path, text: str) -> object:
    path = directory / "acme.yml"
    path.write_text(text)
    return load_definition(path, HOOKS)


def test_a_small_definition_is_enough(tmp_path: Path) -> None:
    definition = load_definition(BUILT_IN / "abb_b2x.yml", HOOKS)
    assert definition.name == "abb_b2x"
    assert _load(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("line", "replacement", "complaint"),
    [
        (1, "schema: 2", "acme.yml:1: schema"),
        (2, "vendor: {id: acme}", "acme.yml:2: name: is missing"),
        (2, "vendor: {id: acme, name: Acme, colour: red}", "acme.yml:2: colour: is unknown"),
        (3, "typ: x", "type: is missing"),
        (5, "role: {default: heater}", "acme.yml:5: default: has to be one of"),
        (5, "role: {default: grid, allowed: [heater]}", "acme.yml:5: allowed"),
        (6, "identity: {prefix: A-B}", "acme.yml:6: prefix"),
        (7, "sources: []", "sources: is missing"),
        (9, "  - {methods: [http], units: [1], register: {at: 0, type: u16}, models: {7: A}}", "acme.yml:9: methods"),
        (9, "  - {methods: [tcp], units: [0], register: {at: 0, type: u16}, models: {7: A}}", "acme.yml:9: units"),
        (9, "  - {methods: [tcp], units: [1], models: {7: A}}", "exactly one of"),
        (9, "  - {methods: [tcp], units: [1], register: {at: 0, type: u16}}", "names no model"),
        (9, "  - {methods: [tcp], units: [1], register: {at: 0, type: u16}, models: {9..7: A}}", "range"),
        (11, "  - {path: Ac/Power, at: 10, type: s32}", "acme.yml:11: path"),
        (11, "  - {path: /Ac/Power, at: 70000, type: s32}", "acme.yml:11: at: has to be at most 65535"),
        (11, "  - {path: /Ac/Power, at: 10, type: s33}", "acme.yml:11: type: unknown type 's33'"),
        (11, "  - {path: /Ac/Power, at: 10, type: s32, div: 0}", "acme.yml:11: div: cannot be zero"),
        (11, "  - {path: /Ac/Power, at: 10, type: s32, div: 1/0}", "fraction"),
        (11, '  - {path: /Ac/Power, at: 10, type: s32, fmt: "%d %d"}', "acme.yml:11: fmt"),
        (11, "  - {path: /Ac/Power, at: 10, type: s32, scale: 3}", "acme.yml:11: scale: is unknown"),
        (11, '  - {path: "/Ac/L{n}/Power", at: 10, type: s32}', "belong together"),
        (11, "  - {path: /Ac/Power, at: 10, type: s32, write: {wears: true}}", "opt_in"),
        (11, "  - {path: /Ac/Power, at: 10, type: s32, write: enum}", "needs 'map' or 'names'"),
        (11, "  - {path: /Ac/Power, at: 10, type: s32, when: {firmware: 1.2}}", "acme.yml:11: firmware"),
        (11, "  - {path: /Ac/Power, at: 10, at: 11, type: s32}", "acme.yml:11: at: is given twice"),
        (11, "  - {path: /A, at: 1, type: u16, invalid: [x]}", "acme.yml:11: invalid"),
        (11, "  - {at: 1, type: u16}", "needs a path, or a variable"),
    ],
)
def test_each_mistake_names_file_line_and_rule(tmp_path: Path, line: int, replacement: str, complaint: str) -> None:
    lines = GOOD.splitlines()
    lines[line - 1] = replacement
    with pytest.raises(DefinitionError) as caught:
        _load(tmp_path, "\n".join(lines))
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("addition", "complaint"),
    [
        ("derived:\n  - {path: /A, sum: [/B], diff: [/C, /D]}", "exactly one operation"),
        ("derived:\n  - {path: /A, diff: [/C]}", "takes 2 path"),
        ("derived:\n  - {path: /A, eval: '1 + 1'}", "exactly one operation"),
        ("commands:\n  - {path: /Start}", "writes: is missing"),
        ("commands:\n  - {path: /Start, writes: {on: []}}", "are integers"),
        ("commands:\n  - {path: /Start, writes: {1: [{at: 5}]}}", "words: is missing"),
        ("errors:\n  - {at: 1, kind: bits, levels: {2: e}}", "has the one key 1"),
        ("errors:\n  - {at: 1, kind: bits, levels: {1: x}}", "maps numbers to e"),
        ("hook: os", "hook: has to be one of"),
        ("features: [magic]", "features: has to be a list of"),
        ("power_limit: {register: {variable: x, at: 3, type: u16}}", "with 'write'"),
        ("tanks:\n  - {number: 0}", "raw: is missing"),
    ],
)
def test_mistakes_beyond_registers(tmp_path: Path, addition: str, complaint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        _load(tmp_path, f"{GOOD}{addition}\n")
    assert complaint in str(caught.value)


def test_a_users_file_adds_or_replaces_and_a_bad_one_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "acme.yml").write_text(GOOD)
    (tmp_path / "abb_b2x.yml").write_text(GOOD.replace("Acme 1}", "My ABB}"))
    (tmp_path / "bad.yml").write_text("schema: 1\n")
    catalogue = load_catalogue(HOOKS, tmp_path)
    assert catalogue.definitions["acme"].vendor_name == "Acme"
    assert catalogue.definitions["abb_b2x"].product_name == "My ABB"
    assert "bad" not in catalogue.definitions
    assert [fault.where for fault in catalogue.faults] == [f"{tmp_path / 'bad.yml'}:1"]
    before = stamp_of(tmp_path)
    assert before == catalogue.stamp
    (tmp_path / "bad.yml").unlink()
    assert stamp_of(tmp_path) != before
    assert stamp_of(tmp_path / "absent") == ()


def test_file_names_are_plain(tmp_path: Path) -> None:
    (tmp_path / "My Meter.yml").write_text(GOOD)
    with pytest.raises(DefinitionError, match="file name"):
        load_definition(tmp_path / "My Meter.yml", HOOKS)


def test_candidates_fit_the_line_and_the_remembered_family_comes_first() -> None:
    catalogue = load_catalogue(HOOKS)
    names = [definition.name for definition, _ in catalogue.candidates(parse_spec("udp:x:502:1"))]
    assert names == ["victron_p1link", "victron_vm3p"]
    spec = parse_spec("rtu:ttyUSB0:9600:1")
    assert catalogue.candidates(spec, "growatt_min")[0][0].name == "growatt_min"
    assert catalogue.units(spec)[:2] == [1, 2]
    assert catalogue.rates(spec)[0] == 9600
    assert catalogue.definitions.mdns_kinds() == [
        "_victron-car-charger._tcp", "_victron-energy-meter._udp", "_victron-p1link._udp",
    ]  # fmt: skip


def test_only_what_is_tried_is_loaded() -> None:
    catalogue = load_catalogue(HOOKS)
    choice = catalogue.choice(parse_spec("tcp:x:502:1"))
    assert next(choice("growatt_min", 0))[0].name == "growatt_min"
    assert list(catalogue.definitions._loaded) == ["growatt_min"]
    first, later = next(choice(None, 0))[0].name, next(choice(None, 2))[0].name
    assert first != later
    assert {d.name for d, _ in choice(None, 5)} == {d.name for d, _ in choice(None, 0)}
    only = catalogue.choice(parse_spec("tcp:x:502:1"), "abb_b2x")
    assert {d.name for d, _ in only(None, 3)} == {"abb_b2x"}
