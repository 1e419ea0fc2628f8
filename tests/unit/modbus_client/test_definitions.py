"""Every shipped definition, against the register image of a device that was simulated without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modbus_client.hooks import HOOKS
from modbus_client.loader.catalogue import BUILT_IN, load_catalogue
from modbus_client.protocol.derive import derive
from modbus_client.protocol.identify import Match, identify
from modbus_client.protocol.plan import Limits
from modbus_client.protocol.poll import keys_of
from modbus_client.protocol.prepare import Prepared, limits_for, prepare
from modbus_client.protocol.spec import parse_spec
from modbus_client.protocol.steps import read_registers
from tests.unit.modbus_client.conversation import converse
from tests.unit.modbus_client.families import FAMILIES, Family

if TYPE_CHECKING:
    from modbus_client.loader.catalogue import Catalogue
    from simulators.modbus.image import Image

PATIENCE = 99


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(HOOKS)


def _prepare(family: Family, catalogue: Catalogue) -> tuple[Prepared, Image]:
    image = family.image()
    spec = parse_spec(family.spec)
    match = converse(identify(catalogue.candidates(spec), HOOKS, PATIENCE), image)
    assert isinstance(match, Match)
    assert match.definition.name == family.definition
    hook = HOOKS.get(match.definition.hook or "")
    return converse(prepare(match, spec, hook, {}), image), image


def _read(prepared: Prepared, image: Image, role: str, limits: Limits | None = None) -> dict[str, Any]:
    limits = limits or limits_for(prepared.definition, "tcp")
    found = converse(read_registers(prepared.registers(role), limits), image)
    values = {key: value.value for value in found for key in keys_of(value.register)}
    values |= derive(prepared.definition.derived, values, {**prepared.facts, "role": role})
    return values


def test_each_definition_has_a_simulated_device() -> None:
    assert {family.definition for family in FAMILIES} == {path.stem for path in BUILT_IN.glob("*.yml")}


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_device_is_recognised_named_and_prepared(family: Family, catalogue: Catalogue) -> None:
    prepared, _ = _prepare(family, catalogue)
    assert prepared.ident == family.ident
    assert prepared.match.model.name == family.model
    assert prepared.default_role == family.role
    assert prepared.info_value("/FirmwareVersion") == family.firmware


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_values_are_the_physical_truths(family: Family, catalogue: Catalogue) -> None:
    prepared, image = _prepare(family, catalogue)
    values = _read(prepared, image, family.role)
    expected = {path: value for path, value in family.truths().items() if path not in family.unseen}
    expected |= family.extra
    for path, value in expected.items():
        if isinstance(value, float):
            assert values[path] == pytest.approx(value, rel=2e-3, abs=0.06), path
        else:
            assert values[path] == value, path


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_no_other_definition_takes_the_device(family: Family, catalogue: Catalogue) -> None:
    """Whatever is tried first: a definition that is not the device's must not match it."""
    image = family.image()
    spec = parse_spec(family.spec)
    for definition, probe in catalogue.candidates(spec):
        match = converse(identify([(definition, probe)], HOOKS, PATIENCE), image)
        assert (match is not None) == (definition.name == family.definition), definition.name


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_reading_in_single_registers_gives_the_same(family: Family, catalogue: Catalogue) -> None:
    """Packing must not change a value."""
    prepared, image = _prepare(family, catalogue)
    packed = _read(prepared, image, family.role)
    single = _read(prepared, image, family.role, Limits(gap=0, max_count=1))
    wide = {key: value for key, value in single.items() if value is not None}
    assert wide == {key: packed[key] for key in wide}


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_every_value_has_a_text(family: Family, catalogue: Catalogue) -> None:
    prepared, image = _prepare(family, catalogue)
    values = _read(prepared, image, family.role)
    for register in prepared.registers(family.role):
        if register.path is not None:
            assert register.text(values[register.path])
    assert prepared.registers(family.role)
