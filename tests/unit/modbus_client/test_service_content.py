"""What a service has and shows: layout, readings, what is remembered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modbus_client.configuration import DeviceConfig
from modbus_client.hooks import HOOKS
from modbus_client.layout import Layout, make_layout
from modbus_client.loader.catalogue import load_catalogue
from modbus_client.protocol.identify import identify
from modbus_client.protocol.poll import FAST_S
from modbus_client.protocol.prepare import Prepared, prepare
from modbus_client.protocol.spec import parse_spec
from modbus_client.readings import Pipeline, tune_ages
from modbus_client.recall import recall, summarise
from tests.unit.modbus_client.conversation import converse
from tests.unit.modbus_client.families import FAMILIES, Family

CATALOGUE = load_catalogue(HOOKS)


def _prepared(family: Family) -> Prepared:
    image, spec = family.image(), parse_spec(family.spec)
    match = converse(identify(CATALOGUE.candidates(spec), HOOKS, 99), image)
    found: Prepared = converse(prepare(match, spec, HOOKS.get(match.definition.hook or ""), {}), image)
    return found


def _family(name: str) -> Family:
    return next(family for family in FAMILIES if family.definition == name)


def _layout(name: str, role: str, options: dict[str, Any] | None = None) -> Layout:
    prepared = _prepared(_family(name))
    return make_layout(prepared, role, prepared.registers(role), options or {})


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_every_family_has_what_venus_needs_of_its_type(family: Family) -> None:
    prepared = _prepared(family)
    items = make_layout(prepared, family.role, prepared.registers(family.role), {}).items
    assert {"/Role", "/Model", "/CustomName", "/Ac/Power", "/ErrorCode"} <= set(items)
    if family.role != "evcharger":
        assert "/NrOfPhases" in items
    if family.role == "genset":
        assert {"/Start", "/StatusCode", "/AutoStart", "/RemoteStartModeEnabled"} <= set(items)
    assert all(path == item.path for path, item in items.items())


def test_a_meter_in_another_role_says_so() -> None:
    grid, pv = _layout("abb_b2x", "grid"), _layout("abb_b2x", "pvinverter")
    assert "/IsGenericEnergyMeter" not in grid.items
    assert "/Position" not in grid.items
    assert pv.items["/IsGenericEnergyMeter"].value == 1
    assert pv.items["/Position"].writeable
    assert pv.items["/Role"].writeable
    assert "/Current" in _layout("abb_b2x", "evcharger").items


def test_registers_that_wear_are_writeable_by_option_only() -> None:
    path = "/Internal/ExportLimitPowerRate"
    assert not _layout("growatt_min", "pvinverter").items[path].writeable
    assert _layout("growatt_min", "pvinverter", {"allow_g100_writes": True}).items[path].writeable


def test_a_register_always_has_the_same_type_on_the_bus() -> None:
    items = _layout("victron_evcs", "evcharger").items
    assert (items["/Mode"].kind, items["/SetCurrent"].kind, items["/CustomName"].kind) == ("int", "float", "text")


def test_errors_reach_their_slots() -> None:
    prepared = _prepared(_family("dse_gencomm"))
    pipeline = Pipeline(prepared, DeviceConfig(parse_spec("tcp:x:502:1")))
    (register,) = pipeline.error_registers()
    assert (register.at, register.count) == (39425, 20)
    words = [0] * 20
    words[1] = 0x0200
    shown = pipeline.measured({register.variable or "": tuple(words)}, 0.0)
    assert shown["/Error/0/Id"] == "dse:w-4613"
    assert shown["/ErrorCode"] == 0x1205


def test_at_night_an_inverter_stands_by() -> None:
    stored: dict[str, Any] = {"/Ac/Energy/Forward": 12.5, "damaged": "x"}
    config = DeviceConfig(parse_spec("tcp:x:502:1"))
    pipeline = Pipeline(_prepared(_family("growatt_min")), config, counters=stored)
    paths = ["/Ac/Power", "/Ac/L1/Current", "/Ac/L1/Voltage", "/Ac/Energy/Forward", "/StatusCode", "/Internal/Pv/0/P"]
    night = {
        "/Ac/Power": 0.0, "/Ac/L1/Current": 0.0, "/Ac/L1/Voltage": None, "/StatusCode": 8, "/Internal/Pv/0/P": 0.0,
    }  # fmt: skip
    assert pipeline.asleep(paths) == {**night, "/Ac/Energy/Forward": 12.5}
    pipeline.measured({"/Ac/Energy/Forward": 13.0, "/Ac/Power": 5.0}, 0.0)
    pipeline.measured({"/Ac/Energy/Forward": None}, 1.0)
    assert pipeline.asleep(paths) == {**night, "/Ac/Energy/Forward": 13.0}
    assert pipeline.counters == {"/Ac/Energy/Forward": 13.0}
    unknown = Pipeline(_prepared(_family("growatt_min")), config)
    assert unknown.asleep(paths) == {**night, "/Ac/Energy/Forward": None}


def test_ages_are_tuned() -> None:
    registers = _prepared(_family("abb_b2x")).registers("grid")
    spec = parse_spec("tcp:x:502:1")
    tuned = tune_ages(registers, DeviceConfig(spec, fast_age_s=0.5, age_s=20.0), FAST_S)
    assert {register.age_s for register in tuned} == {0.5, 20.0}
    assert {r.age_s for r in tune_ages(registers, DeviceConfig(spec, continuous=True), FAST_S)} == {0.0}
    assert tune_ages(registers, DeviceConfig(spec), FAST_S) == registers


def test_continuous_reading_is_of_what_is_measured_not_of_settings() -> None:
    config = DeviceConfig(parse_spec("tcp:x:502:1"), continuous=True)
    tuned = tune_ages(_prepared(_family("eastron_sdm")).registers("grid"), config, FAST_S)
    assert {register.path: register.age_s for register in tuned if register.age_s} == {"/PhaseConfig": 60.0}


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_what_is_remembered_brings_the_same_service_back(family: Family) -> None:
    prepared = _prepared(family)
    stored = json.loads(json.dumps(summarise(prepared)))
    again = recall(stored, CATALOGUE.definitions)
    assert again is not None
    assert (again.ident, again.default_role, again.definition.name) == (family.ident, family.role, family.definition)
    assert again.info_value("/Serial") == prepared.info_value("/Serial")


@pytest.mark.parametrize("damage", [None, {}, {"ident": "x"}, {"ident": "x", "definition": "gone"}, [1]])
def test_a_damaged_memory_is_no_memory(damage: object) -> None:
    assert recall(damage, CATALOGUE.definitions) is None
