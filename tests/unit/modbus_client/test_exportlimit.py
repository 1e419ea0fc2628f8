from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from modbus_client.protocol.exportlimit import Decision, ExportLimit, ExportLimitConfig, Inputs

CONFIG = ExportLimitConfig("pv_1", band_w=10.0)
SUNNY = Inputs(grid_w=-1000.0, pv_w=3000.0, rated_w=4200.0)


def obeyed(inputs: Inputs, decision: Decision) -> Inputs:
    """Return the inputs once the inverter has taken what was decided."""
    return replace(inputs, commanded_w=inputs.rated_w if decision.limit_w is None else decision.limit_w)


def test_export_ends_at_once() -> None:
    decision = ExportLimit(CONFIG).decide(SUNNY)
    assert decision.limit_w == 2000.0
    assert decision.write


def test_an_allowed_export_is_left() -> None:
    assert ExportLimit(replace(CONFIG, set_point_w=500.0)).decide(SUNNY).limit_w == 2500.0


def test_the_way_up_is_smooth() -> None:
    control = ExportLimit(CONFIG)
    control.decide(SUNNY)
    assert control.decide(replace(SUNNY, grid_w=1000.0)).limit_w == 2400.0  # 2000 + 0.2 x (4000 - 2000)


def test_small_changes_are_not_commanded() -> None:
    control = ExportLimit(CONFIG)
    inputs = obeyed(SUNNY, control.decide(SUNNY))
    decision = control.decide(replace(inputs, grid_w=-995.0))
    assert decision.limit_w == 2000.0
    assert not decision.write


def test_what_the_inverter_did_not_take_is_commanded_again() -> None:
    for config, inputs in (
        (CONFIG, SUNNY),
        (CONFIG, replace(SUNNY, grid_w=None)),
        (replace(CONFIG, by_energy=True), SUNNY),
    ):
        control = ExportLimit(config)
        assert control.decide(inputs).write
        decision = control.decide(inputs)  # it was silent, or refused: what it was told last is still unknown
        assert decision.write
        assert not control.decide(obeyed(inputs, decision)).write


def test_a_limit_that_somebody_else_lifts_is_commanded_again() -> None:
    control = ExportLimit(CONFIG)
    inputs = obeyed(SUNNY, control.decide(SUNNY))
    assert not control.decide(inputs).write
    decision = control.decide(replace(inputs, commanded_w=4200.0))
    assert decision.write
    assert decision.limit_w == 2000.0


def test_what_somebody_else_limits_is_left_while_the_energy_rule_allows_export() -> None:
    control = ExportLimit(replace(CONFIG, by_energy=True))
    assert not control.decide(replace(SUNNY, commanded_w=500.0)).write


def test_the_safe_value_is_commanded_however_wide_the_band_is() -> None:
    control = ExportLimit(replace(CONFIG, band_w=500.0))
    decision = control.decide(replace(SUNNY, grid_w=None, commanded_w=400.0))
    assert decision.write
    assert decision.limit_w == 0.0


def test_energy_that_is_unknown_gives_the_safe_value_and_does_not_free_the_inverter() -> None:
    control = ExportLimit(replace(CONFIG, by_energy=True, safe_w=800.0))
    known = replace(SUNNY, energy_set_point_kwh=50.0, energy_difference_kwh=40.0)
    assert control.decide(known).status == "limiting"
    lost = replace(known, grid_w=None, energy_difference_kwh=None)
    assert control.decide(lost).limit_w == 800.0
    assert control.decide(lost).derate
    assert ExportLimit(control.config).decide(lost).limit_w == 800.0  # also after a restart
    assert control.decide(replace(lost, energy_set_point_kwh=0.0)).limit_w is None  # the rule is off


def test_an_inverter_that_was_held_down_is_not_let_go_all_at_once() -> None:
    control, house_w = ExportLimit(CONFIG), 600.0
    inputs = Inputs(pv_w=0.0, rated_w=4200.0)
    inputs = replace(obeyed(inputs, control.decide(inputs)), grid_w=house_w)  # the meter is back
    for _ in range(20):
        decision = control.decide(inputs)
        assert decision.limit_w is not None
        assert decision.limit_w <= house_w
        inputs = obeyed(inputs, decision)
    assert inputs.commanded_w == house_w


def test_a_loop_with_an_inverter_settles_without_export() -> None:
    control, pv, load, sun = ExportLimit(CONFIG), 3500.0, 1500.0, 3500.0
    decision = control.decide(Inputs(rated_w=4200.0))
    for _ in range(60):
        decision = control.decide(obeyed(Inputs(grid_w=load - pv, pv_w=pv, rated_w=4200.0), decision))
        assert decision.limit_w is not None
        pv += 0.5 * (min(sun, decision.limit_w) - pv)  # the inverter follows with half a step
    assert abs(load - pv) < 20.0


def test_a_missing_input_gives_the_safe_value() -> None:
    control = ExportLimit(replace(CONFIG, safe_w=800.0))
    control.decide(SUNNY)
    for broken in (replace(SUNNY, grid_w=None), replace(SUNNY, pv_w=None)):
        decision = control.decide(broken)
        assert decision.limit_w == 800.0
        assert "missing or too old" in decision.status
    assert ExportLimit(CONFIG).decide(replace(SUNNY, grid_w=None)).limit_w == 0.0


def test_another_limiter_is_left_alone() -> None:
    control = ExportLimit(CONFIG)
    control.decide(SUNNY)
    decision = control.decide(replace(SUNNY, other_limiter=True))
    assert decision.limit_w is None
    assert not decision.write


def test_energy_rule_switches_with_two_kilowatt_hours_of_hysteresis() -> None:
    control = ExportLimit(replace(CONFIG, by_energy=True))

    def derated(difference: float) -> bool:
        return control.decide(replace(SUNNY, energy_difference_kwh=difference, energy_set_point_kwh=50.0)).derate

    assert [derated(d) for d in (51.0, 49.0, 47.9, 49.0, 50.1, 49.0)] == [False, False, True, True, False, False]
    assert not derated(-60.0)  # more than 100 kWh off: not the meter that was meant
    assert control.decide(replace(SUNNY, force=True)).derate


def test_without_the_energy_rule_fulfilled_the_inverter_is_free() -> None:
    control = ExportLimit(replace(CONFIG, by_energy=True))
    control.decide(replace(SUNNY, force=True))
    decision = control.decide(SUNNY)
    assert decision.limit_w is None
    assert decision.write


def test_the_battery_is_offered_what_it_would_take() -> None:
    base = ExportLimit(CONFIG).decide(SUNNY).limit_w or 0.0
    hungry = ExportLimit(CONFIG).decide(replace(SUNNY, battery_w=500.0, battery_soc=60.0, battery_v=52.0)).limit_w
    absorbing = ExportLimit(CONFIG).decide(replace(SUNNY, multi_state=4)).limit_w
    feeding = ExportLimit(CONFIG).decide(replace(SUNNY, battery_w=-900.0, multi_ac_in_w=-700.0)).limit_w
    assert (hungry, absorbing, feeding) == (base + 500.0, base + 20.0, base + 700.0)


def test_an_empty_battery_is_hungry_and_an_unknown_one_is_not() -> None:
    charging = replace(SUNNY, battery_w=500.0)
    base = ExportLimit(CONFIG).decide(charging).limit_w or 0.0
    for battery in ({"battery_soc": 0.0}, {"battery_v": 0.0}, {"battery_soc": 0.0, "battery_v": 56.0}):
        assert ExportLimit(CONFIG).decide(replace(charging, **battery)).limit_w == base + 500.0  # type: ignore[arg-type]  # floats
    assert ExportLimit(CONFIG).decide(replace(charging, battery_soc=100.0, battery_v=56.0)).limit_w == base


numbers = st.one_of(st.none(), st.floats(-1e5, 1e5))


@given(
    st.lists(st.builds(Inputs, grid_w=numbers, pv_w=numbers, rated_w=st.just(4200.0), battery_w=numbers), max_size=20)
)
def test_the_limit_is_always_within_the_inverter(sequence: list[Inputs]) -> None:
    control = ExportLimit(CONFIG)
    for inputs in sequence:
        limit = control.decide(inputs).limit_w
        assert limit is None or 0.0 <= limit <= 4200.0
