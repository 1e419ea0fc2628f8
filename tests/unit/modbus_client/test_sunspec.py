"""Which devices there are in a chain of SunSpec models, and which model belongs to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.protocol.identify import identify
from modbus_client.protocol.prepare import limits_for, prepare
from modbus_client.protocol.spec import parse_spec
from modbus_client.protocol.steps import read_registers
from modbus_client.protocol.sunspec import MAX_MODELS, kinds_of, members_of, walk_chain
from modbus_client.recall import recall, summarise
from simulators.modbus.models import make_image
from tests.unit.modbus_client.conversation import converse

if TYPE_CHECKING:
    from modbus_client.loader.catalogue import Catalogue
    from modbus_client.protocol.prepare import Prepared
    from simulators.modbus.image import Image

SPEC = parse_spec("tcp:inverter:502:1")
KINDS = {103: "pvinverter", 101: "pvinverter", 113: "pvinverter", 203: "grid", 201: "grid", 213: "grid"}


def _chain(*models: int) -> list[tuple[int, int]]:
    return [(model, 40002 + 100 * n) for n, model in enumerate(models)]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(HOOKS)


@pytest.mark.parametrize(
    ("chain", "devices"),
    [
        ((1, 103, 120, 123), [(103, {1, 103, 120, 123}, 1)]),
        ((1, 103, 113, 120), [(103, {1, 103, 120}, 1)]),  # the same values twice
        ((1, 113), [(113, {1, 113}, 1)]),
        ((1, 103, 203), [(103, {1, 103}, 1), (203, {1, 203}, 2)]),
        ((1, 203, 103, 160), [(103, {1, 103, 160}, 1), (203, {1, 203}, 2)]),  # the inverter has the serial number
        ((1, 103, 1, 203, 1, 201), [(103, {1, 103}, 1), (203, {1, 203}, 1), (201, {1, 201}, 1)]),
        ((1, 203, 201, 213), [(203, {1, 203}, 1), (201, {1, 201}, 2)]),
        ((1, 203, 203), [(203, {1, 203}, 1), (203, {1, 203}, 2)]),
        ((1, 802), []),
        ((), []),
    ],
)
def test_devices_of_a_chain(chain: tuple[int, ...], devices: list[tuple[int, set[int], int]]) -> None:
    members = members_of(_chain(*chain), KINDS)
    assert [(member.model, set(member.headers), member.number) for member in members] == devices


def test_each_device_has_its_own_common_model() -> None:
    inverter, meter = members_of(_chain(1, 103, 1, 203), KINDS)
    assert (inverter.headers[1], meter.headers[1]) == (40002, 40202)


def test_two_meters_of_one_model_have_different_addresses() -> None:
    first, second = members_of(_chain(1, 203, 203), KINDS)
    assert (first.headers[203], second.headers[203]) == (40102, 40202)


@given(st.lists(st.sampled_from([1, 101, 103, 113, 120, 123, 160, 201, 203, 213, 802]), max_size=MAX_MODELS))
def test_no_measuring_model_belongs_to_two_devices(models: list[int]) -> None:
    members = members_of(_chain(*models), KINDS)
    places = [member.headers[member.model] for member in members]
    assert len(set(places)) == len(places)
    assert all(set(member.headers) & set(KINDS) == {member.model} for member in members)


def test_models_of_a_definition_without_kinds_are_one_kind() -> None:
    assert kinds_of([(802, 803, {}), (307, 307, {"kind": "meteo"})]) == {802: "device", 803: "device", 307: "meteo"}


def test_a_refused_header_ends_the_chain() -> None:
    image = make_image("sunspec_chain")
    end = next(at for (_, at), word in image.registers.items() if word == 0xFFFF and at > 40100)
    whole = converse(walk_chain((40000,)), image)
    del image.registers["h", end]
    assert converse(walk_chain((40000,)), image) == whole
    assert [model for model, _ in whole] == [1, 103, 113, 123, 1, 203, 1, 213, 211]


def _prepare(part: int, catalogue: Catalogue, image: Image) -> Prepared:
    spec = SPEC.with_part(part)
    match = converse(identify(catalogue.candidates(spec), HOOKS, 1000, part), image)
    assert match is not None
    prepared: Prepared = converse(prepare(match, spec, None, {}), image)
    return prepared


@pytest.mark.parametrize(
    ("part", "ident", "role", "values"),
    [
        (1, "sunspec_INV1", "pvinverter", {"/Ac/Power": 2346.0, "/Ac/L1/Voltage": 232.3}),
        (2, "sunspec_MET7", "grid", {"/Ac/Power": 1500.0, "/Ac/L3/Power": 300.0, "/Ac/L2/Voltage": 232.0,
                                     "/Ac/Energy/Forward": 567.8, "/Ac/Energy/Reverse": 123.4}),
        (3, "sunspec_MET8", "grid", {"/Ac/Power": -620.0, "/Ac/Energy/Reverse": 1.0}),
        (4, "sunspec_MET8_2", "grid", {"/Ac/Power": 75.0, "/Ac/Energy/Forward": 3.0}),
    ],
)  # fmt: skip
def test_every_device_of_a_chain_is_read(
    part: int, ident: str, role: str, values: dict[str, float], catalogue: Catalogue
) -> None:
    image = make_image("sunspec_chain")
    prepared = _prepare(part, catalogue, image)
    assert (prepared.ident, prepared.default_role) == (ident, role)
    limits = limits_for(prepared.definition, "tcp")
    found = converse(read_registers(prepared.registers(role), limits), image)
    read = {value.register.path: value.value for value in found}
    assert {path: read[path] for path in values} == pytest.approx(values)


def test_there_is_no_fifth_device(catalogue: Catalogue) -> None:
    spec = SPEC.with_part(5)
    assert converse(identify(catalogue.candidates(spec), HOOKS, 1000, 5), make_image("sunspec_chain")) is None


def test_another_device_of_a_unit_is_only_a_sunspec_one(catalogue: Catalogue) -> None:
    spec = SPEC.with_part(2)
    assert converse(identify(catalogue.candidates(spec), HOOKS, 1000, 2), make_image("em24")) is None


def test_a_remembered_device_knows_its_chain(catalogue: Catalogue) -> None:
    prepared = _prepare(2, catalogue, make_image("sunspec_chain"))
    again = recall(summarise(prepared), catalogue.definitions)
    assert again is not None
    assert again.registers("grid") == prepared.registers("grid")
    assert again.facts["parts"] == 4
    damaged = recall({**summarise(prepared), "chain": {"x": 1, "203": "y"}}, catalogue.definitions)
    assert damaged is not None
    assert damaged.registers("grid") == []
