from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemonkit.errors import DefinitionError
from mqtt_devices.protocol.service_types import PathRule, Role, ServiceType, ValueKind, apply_locks
from mqtt_devices.protocol.values import coerce
from mqtt_devices.services_file import BUILT_IN as BUILT_IN_FILE
from mqtt_devices.services_file import load_services, load_with_user_files
from tests.service_types import TYPES as BUILT_IN

if TYPE_CHECKING:
    from pathlib import Path

RULES = [rule for service_type in BUILT_IN.values() for rule in service_type.paths.values()]

HEAD = "choices:\n  yes_no: {0: no, 1: yes}\ntypes:\n  tank:\n    product_id: 1\n    custom_name: My Tank\n    paths:\n"
FIRST_PATH_LINE = 8


TANK_ALARMS = {f"Alarms/{side}/{n}" for side in ("High", "Low") for n in ("Active", "Delay", "Enable", "Restore")}


def load_paths(directory: Path, *lines: str) -> dict[str, PathRule]:
    file = directory / "services.yml"
    file.write_text(HEAD + "".join(f"      {line}\n" for line in lines))
    return dict(load_services(file)["tank"].paths)


def test_built_in_types_include_those_of_the_former_driver_and_all_that_a_sensor_can_feed() -> None:
    former = {"temperature", "tank", "pvinverter", "grid", "gps", "evcharger", "battery", "vebus"}
    measured = {"meteo", "pulsemeter", "digitalinput", "ev", "motordrive", "switch"}
    on_ac = {"genset", "acload", "heatpump", "inverter", "multi", "acsystem"}
    on_dc = {"solarcharger", "charger", "alternator", "dcload", "dcsource", "dcsystem", "dcdc", "fuelcell", "dcgenset"}
    assert set(BUILT_IN) == former | measured | on_ac | on_dc
    assert {name for name, kind in BUILT_IN.items() if kind.is_steering} == {"vebus", "multi", "acsystem"}


def test_built_in_timeouts_are_those_of_what_steers() -> None:
    timeouts = {name: kind.staleness.timeout_s for name, kind in BUILT_IN.items() if kind.staleness.timeout_s}
    assert timeouts == {"grid": 30.0, "battery": 60.0}


@pytest.mark.parametrize(
    ("service_type", "settings"),
    [
        ("temperature", {"CustomName", "TemperatureType", "Scale", "Offset"}),
        ("tank", {"CustomName", "FluidType", "Capacity", *TANK_ALARMS}),
        ("pvinverter", {"CustomName", "Position", "Role", "Ac/MaxPower"}),
        ("grid", {"CustomName"}),
        ("gps", {"CustomName"}),
    ],
)
def test_built_in_settings_are_those_that_users_have(service_type: str, settings: set[str]) -> None:
    assert {path for path, rule in BUILT_IN[service_type].paths.items() if rule.persists} == settings


def test_built_in_commands_are_never_kept() -> None:
    paths = BUILT_IN["evcharger"].paths
    assert [paths[path].role for path in ("StartStop", "SetCurrent")] == [Role.COMMAND, Role.COMMAND]
    assert not paths["StartStop"].persists


def test_built_in_limits_and_units_are_the_platforms() -> None:
    assert BUILT_IN["temperature"].paths["TemperatureType"].maximum == 6
    assert BUILT_IN["tank"].paths["FluidType"].maximum == 11
    assert BUILT_IN["grid"].paths["DeviceType"].kind is ValueKind.INTEGER
    assert {rule.unit for rule in RULES if "/Energy/" in f"/{rule.path}"} == {"kWh"}


@pytest.mark.parametrize("kind", BUILT_IN)
def test_built_in_defaults_keep_their_own_rules(kind: str) -> None:
    for rule in (*BUILT_IN[kind].paths.values(), *BUILT_IN[kind].families.values()):
        if rule.default is not None:
            assert coerce(rule.default, rule) == rule.default
            assert rule.format_text(rule.default)
        assert rule.default is not None or not rule.persists
        assert not rule.persists or rule.default is not None


def test_path_is_read_with_all_its_fields(tmp_path: Path) -> None:
    paths = load_paths(
        tmp_path,
        'Level: {type: d, unit: "%", decimals: 1, minimum: 0, maximum: 100, description: how full}',
        "Mode: {type: i, role: setting, default: 1, values: yes_no}",
        "Names: {type: as, default: [a, b], writeable: false}",
    )
    assert paths["Level"] == PathRule(
        path="Level",
        kind=ValueKind.DOUBLE,
        unit="%",
        decimals=1,
        minimum=0,
        maximum=100,
        description="how full",
    )
    assert paths["Mode"].values == {0: "no", 1: "yes"}
    assert paths["Mode"].persists
    assert (paths["Names"].default, paths["Names"].writeable) == (["a", "b"], False)
    assert (paths["ProductId"].default, paths["CustomName"].default) == (1, "My Tank")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("Level: {}", "type: is missing"),
        ("Level: {type: f}", "type: has to be one of"),
        ("Level: {type: d, colour: red}", "colour: is unknown"),
        ("Level: {type: d, role: user}", "role: has to be one of"),
        ("Level: {type: i, decimals: 1}", "decimals: is for type d"),
        ("Level: {type: s, unit: V}", "unit: is for numbers"),
        ("Level: {type: d, values: yes_no}", "values: is for type i"),
        ("Level: {type: i, values: maybe}", "values: has to be one of yes_no"),
        ("Level: {type: i, values: {a: b}}", "a: the key of a choice is an integer"),
        ("Level: {type: i, values: {1: 2}}", "1: has to be text"),
        ("Level: {type: d, minimum: 5, maximum: 4}", "maximum: is not below minimum"),
        ("Level: {type: d, default: full}", "default: a number"),
        ("Level: {type: i, default: '5'}", "default: is not of type i"),
        ("Level: {type: i, default: 5, maximum: 4}", "default: at most 4"),
        ("Level: {type: s, default: 5}", "default: is not of type s"),
        ("Level: {type: s, role: setting}", "default: a setting needs one"),
        ("Level: {type: as, role: setting, default: [a]}", "type: localsettings keeps no lists"),
        ("level: {type: d}", "level: a new D-Bus path"),
        ("/Level: {type: d}", "/Level: a new D-Bus path"),
        ("CustomName: {type: s}", "CustomName: a new D-Bus path"),
        ("Level: 5", "Level: has to be a mapping"),
    ],
)
def test_mistake_is_named_with_its_line(tmp_path: Path, line: str, complaint: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        load_paths(tmp_path, "Good: {type: d}", line)
    assert str(caught.value).startswith(f"{tmp_path}/services.yml:{FIRST_PATH_LINE + 1}: {complaint}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "types: {}\nmore: 1",
        "types: {Tank/1: {product_id: 1, custom_name: a, paths: {}}}",
        "types: {tank: {product_id: 70000, custom_name: a, paths: {}}}",
        "types: {tank: {product_id: 1, custom_name: a, paths: {}, interval_s: -1}}",
        "types: {tank: {product_id: 1, paths: {}}}",
        "types: {tank: [1]}",
        "choices: {a: {x: y}}\ntypes: {}",
    ],
)
def test_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "services.yml"
    file.write_text(text)
    with pytest.raises(DefinitionError, match=r"services\.yml:\d+: "):
        load_services(file)


def test_type_may_have_an_interval_and_no_paths_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "services.yml"
    file.write_text("types: {tank: {product_id: 1, custom_name: a, interval_s: 0.5, paths: {}}}")
    (tank,) = load_services(file).values()
    assert isinstance(tank, ServiceType)
    assert (tank.interval_s, set(tank.paths)) == (0.5, {"ProductId", "CustomName"})


# Files of the user


def write_user_file(directory: Path, text: str, name: str = "mine.yml") -> Path:
    file = directory / name
    file.write_text(text)
    return file


def test_user_file_adds_types_and_changes_single_paths(tmp_path: Path) -> None:
    file = write_user_file(
        tmp_path,
        """\
types:
  windlass: {product_id: 1, custom_name: Anchor, paths: {Chain/Length: {type: d, unit: m}}}
  tank:
    timeout_s: 600
    paths:
      Level: {type: d, unit: "%", decimals: 0, maximum: 200}
      Colour: {type: s}
      Cell/{1-3}/Voltage: {type: d}
""",
    )
    types = load_services(BUILT_IN_FILE, file)
    assert types["windlass"].paths["Chain/Length"].unit == "m"
    tank, former = types["tank"], BUILT_IN["tank"]
    assert tank.paths["Level"].maximum == 200
    assert {"Cell/1/Voltage", "Cell/2/Voltage", "Cell/3/Voltage", "Colour"} <= set(tank.paths)
    assert tank.paths["Capacity"] == former.paths["Capacity"]
    assert (tank.custom_name, tank.product_id, tank.derivations) == ("My Tank Sensor", 0xA161, former.derivations)
    assert (tank.staleness.timeout_s, former.staleness.timeout_s) == (600.0, 0.0)


def test_all_mistakes_of_a_file_are_named_in_one_go(tmp_path: Path) -> None:
    file = write_user_file(
        tmp_path,
        """\
types:
  tank:
    paths:
      Level: {type: f}
      Good: {type: d}
      colour: {type: s}
  windlass:
    paths: {}
""",
    )
    with pytest.raises(DefinitionError) as caught:
        load_services(BUILT_IN_FILE, file)
    lines = str(caught.value).splitlines()
    assert [line.removeprefix(str(file)).split(": ")[:2] for line in lines] == [
        [":4", "type"],
        [":6", "colour"],
        [":8", "product_id"],
    ]


@pytest.mark.parametrize(
    ("derive", "complaint"),
    [
        ("Remaining: {}", "either sum or product"),
        ("Remaining: {sum: [Level], product: [Level]}", "either sum or product"),
        ("Remaining: {sum: [Nothing]}", "Nothing: a path of this type"),
        ("FluidType: {sum: [Level]}", "FluidType: a path of this type"),
        ("Remaining: {sum: Level}", "sum: has to be a list"),
        ("Remaining: {sum: [Level], times: 2}", "times: is unknown"),
    ],
)
def test_mistake_in_a_derivation_is_named(tmp_path: Path, derive: str, complaint: str) -> None:
    file = write_user_file(tmp_path, f"types:\n  tank:\n    derive:\n      {derive}\n")
    with pytest.raises(DefinitionError, match=complaint):
        load_services(BUILT_IN_FILE, file)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("calibrate: {Temperature: {scale: Scale}}", "offset: is missing"),
        ("calibrate: {Temperature: {scale: Scale, offset: Nothing}}", "Nothing: a path of this type"),
        ("calibrate: {Status: {scale: Scale, offset: Offset}}", "Status: a path of this type, of type d"),
        ("alarms: {Alarms/Low: {above: Humidity}}", "Alarms/Low/Enable: a path of this type"),
        ("alarms: {Alarms/Low: {above: Humidity, below: Humidity}}", "either above or below"),
    ],
)
def test_mistake_in_a_correction_or_an_alarm_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    file = write_user_file(tmp_path, f"types:\n  temperature:\n    {line}\n")
    with pytest.raises(DefinitionError, match=complaint):
        load_services(BUILT_IN_FILE, file)


def test_file_with_mistakes_is_left_out_and_the_others_count(tmp_path: Path) -> None:
    write_user_file(tmp_path, "types: {a: {product_id: 1, custom_name: a, paths: {}}}", "1.yml")
    write_user_file(tmp_path, "types: {b: {product_id: 1, custom_name: b, paths: {}}, tank: 5}", "2.yml")
    write_user_file(tmp_path, "types: {c: {product_id: 1, custom_name: c, paths: {}}}", "3.yml")
    types, mistakes = load_with_user_files(tmp_path)
    assert {"a", "c"} <= set(types)
    assert "b" not in types
    assert [str(mistake).split(": ")[1] for mistake in mistakes] == ["tank"]
    types, mistakes = load_with_user_files(tmp_path / "none")
    assert (dict(types), mistakes) == (BUILT_IN, [])


def test_what_steers_power_is_locked_until_it_is_enabled() -> None:
    locked = apply_locks(BUILT_IN, ())
    assert {name for name, kind in locked.items() if kind.is_locked} == {"vebus", "multi", "acsystem"}
    limit = locked["battery"].paths["Info/MaxChargeVoltage"]
    assert (limit.is_locked, limit.writeable) == (True, False)
    assert not locked["battery"].is_locked
    enabled = apply_locks(BUILT_IN, ("vebus", "battery"))
    assert (enabled["vebus"], enabled["battery"]) == (BUILT_IN["vebus"], BUILT_IN["battery"])


def test_outputs_of_a_switch_are_found_by_their_family() -> None:
    switch = BUILT_IN["switch"]
    for output in ("0", "15", "output_3", "relay_1"):
        rule = switch.find(f"SwitchableOutput/{output}/State")
        assert rule is not None
        assert (rule.path, rule.role) == (f"SwitchableOutput/{output}/State", Role.COMMAND)
    for path in ("SwitchableOutput/kitchen/State", "SwitchableOutput/100/State", "SwitchableOutput/1/Nonsense"):
        assert switch.find(path) is None
