"""States, alarms, energy and set points of the bridge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mk2_bridge.protocol.alarms import HOLD_S, AlarmHold, levels
from mk2_bridge.protocol.energy import MAX_STEP_S, EnergyCounter, split
from mk2_bridge.protocol.jumps import JumpFilter
from mk2_bridge.protocol.setpoints import DISABLE_CHARGE, DISABLE_FEED_IN, SILENCE_S, SetPoints, to_word
from mk2_bridge.protocol.states import ConfirmedState, venus_state

LOW, OVERLOAD, HOT = 1 << 6, 1 << 5, 1 << 7


@pytest.mark.parametrize(
    ("main", "charge", "state"),
    [
        (0, 0, 0),
        (2, 0, 0),
        (4, 0, 9),
        (6, 0, 1),
        (7, 0, 10),
        (8, 0, 8),
        (9, 1, 3),
        (9, 2, 4),
        (9, 3, 5),
        (9, 4, 6),
        (9, 7, 7),
        (9, 8, 2),
        (1, 0, None),
        (3, 0, None),
    ],
)
def test_states_are_those_of_venus(main: int, charge: int, state: int | None) -> None:
    assert venus_state(main, charge) == state


def shown(state: ConfirmedState) -> tuple[int | None, int | None, int | None]:
    return state.state, state.main, state.charge


def test_state_counts_when_it_was_read_twice_and_one_lie_changes_nothing() -> None:
    state = ConfirmedState()
    state.take(9, 1)
    assert shown(state) == (None, None, None)
    state.take(9, 1)
    assert shown(state) == (3, 9, 1)
    state.take(2, 0)
    state.take(0xB7, 0)
    state.take(9, 1)
    assert shown(state) == (3, 9, 1)
    state.take(3, 0)
    state.take(3, 0)
    assert shown(state) == (3, 3, 0)
    state.forget()
    assert shown(state) == (None, None, None)


@pytest.mark.parametrize(
    ("on", "blink", "expected"),
    [
        (0, 0, {}),
        (0, LOW, {"LowBattery": 1}),
        (LOW, 0, {"LowBattery": 2}),
        (HOT, 0, {"HighTemperature": 2}),
        (0, OVERLOAD, {"Overload": 1}),
        (0, LOW | OVERLOAD, {"Ripple": 1}),
        (LOW | OVERLOAD, 0, {"Ripple": 2}),
        (LOW, LOW | OVERLOAD, {"LowBattery": 1, "Overload": 1}),
        (LOW, OVERLOAD, {"LowBattery": 2, "Overload": 1}),
    ],
)
def test_leds_mean_alarms(on: int, blink: int, expected: dict[str, int]) -> None:
    assert {name: level for name, level in levels(on, blink).items() if level} == expected


def test_alarm_needs_two_looks_and_is_held() -> None:
    hold = AlarmHold()
    assert hold.level("Overload") is None
    hold.take(0, 0, 0.0)
    assert hold.level("Overload") == 0
    hold.take(0, OVERLOAD, 1.0)
    assert hold.level("Overload") == 0
    hold.take(0, OVERLOAD, 2.0)
    assert hold.level("Overload") == 1
    hold.take(0, 0, 3.0)
    hold.take(0, 0, 2.0 + HOLD_S - 1)
    assert hold.level("Overload") == 1
    hold.take(0, 0, 2.0 + HOLD_S)
    assert hold.level("Overload") == 0


def test_warning_becomes_an_alarm_at_once() -> None:
    hold = AlarmHold()
    for now in (0.0, 1.0):
        hold.take(0, LOW, now)
    for now in (2.0, 3.0):
        hold.take(LOW, 0, now)
    assert hold.level("LowBattery") == 2
    hold.forget()
    assert hold.level("LowBattery") is None


@pytest.mark.parametrize(
    ("mains", "output", "charge", "ways"),
    [
        (1000, 600, 400, {"AcIn1ToAcOut": 600, "AcIn1ToInverter": 400}),
        (0, 500, -500, {"InverterToAcOut": 500}),
        (300, 800, -500, {"AcIn1ToAcOut": 300, "InverterToAcOut": 500}),
        (-400, 200, -600, {"InverterToAcIn1": 400, "InverterToAcOut": 200}),
        (-300, -500, 200, {"AcOutToAcIn1": 300, "OutToInverter": 200}),
    ],
)
def test_power_is_split_by_where_it_goes(mains: float, output: float, charge: float, ways: dict[str, float]) -> None:
    assert split(mains, output, charge, 1) == ways


@given(st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_split_keeps_the_balance(output: float, charge: float) -> None:
    ways = split(output + charge, output, charge, 2)
    into_battery = ways.get("AcIn2ToInverter", 0) + ways.get("OutToInverter", 0)
    assert into_battery == pytest.approx(max(charge, 0), abs=1e-6)
    out_of_mains = ways.get("AcIn2ToAcOut", 0) + ways.get("AcIn2ToInverter", 0)
    assert out_of_mains == pytest.approx(max(output + charge, 0), abs=1e-6)


def test_energy_is_integrated_and_gaps_are_not_bridged() -> None:
    counter = EnergyCounter()
    for second in range(3601):
        counter.take([(1000.0, 1000.0, 0.0)], 2, float(second))
    assert counter.kwh["AcIn2ToAcOut"] == pytest.approx(1.0)
    counter.take([(1000.0, 1000.0, 0.0)], 2, 3600 + MAX_STEP_S + 1)
    assert counter.kwh["AcIn2ToAcOut"] == pytest.approx(1.0)


def test_energy_of_an_earlier_run_is_taken_over_unless_it_is_nonsense() -> None:
    counter = EnergyCounter()
    counter.restore({"AcIn1ToAcOut": 12.5, "InverterToAcOut": -3, "OutToInverter": "x", "other": 1})
    assert (counter.kwh["AcIn1ToAcOut"], counter.kwh["InverterToAcOut"], counter.kwh["OutToInverter"]) == (12.5, 0, 0)
    counter.restore(None)
    assert counter.kwh["AcIn1ToAcOut"] == 12.5


def test_set_point_changes_its_sign_and_keeps_its_limits() -> None:
    assert (to_word(700, 5000), to_word(-700, 5000), to_word(9000, 5000), to_word(-9e9, 99999)) == (
        -700,
        700,
        -5000,
        32767,
    )


def test_devices_on_one_phase_share_its_set_point() -> None:
    points = SetPoints([1, 1, 2, None], 5000)
    points.set_power(1, 1000, 0.0)
    points.set_power(2, -300, 0.0)
    assert points.words() == [-500, -500, 300, None]


def test_set_points_of_a_silent_writer_lapse_once_and_are_not_repeated() -> None:
    points = SetPoints([1], 5000)
    assert not points.is_used
    points.set_power(1, 500, 0.0)
    assert points.is_active
    assert not points.lapse(SILENCE_S - 0.1)
    assert points.lapse(SILENCE_S)
    assert points.words() == [0]
    assert not points.is_active
    assert not points.lapse(SILENCE_S + 1)
    points.set_power(1, 600, SILENCE_S + 2)
    assert points.words() == [-600]
    assert points.lapse(2 * SILENCE_S + 2)


def test_silent_phase_lapses_though_the_others_are_set_and_is_left_alone_once_it_is_zero() -> None:
    points = SetPoints([1, 2], 5000)
    points.set_flag(DISABLE_CHARGE, on=True)
    points.set_power(2, 3000, 0.0)
    points.set_power(1, 500, SILENCE_S - 1)
    assert points.lapse(SILENCE_S)
    assert (points.words(), points.flags) == ([-500, 0], DISABLE_CHARGE)
    points.forget_lapsed()
    assert points.words() == [-500, None]
    assert not points.lapse(SILENCE_S + 1)
    assert points.lapse(2 * SILENCE_S)
    assert (points.words(), points.flags) == ([0, None], 0)


def test_flags_that_were_found_lapse_unless_somebody_sets_power() -> None:
    for is_set in (False, True):
        points = SetPoints([1], 5000)
        points.take_flags(DISABLE_CHARGE, 0.0)
        if is_set:
            points.set_power(1, 100, 5.0)
        assert points.lapse(SILENCE_S) is not is_set
        assert points.flags == (DISABLE_CHARGE if is_set else 0)


def test_flags_are_set_and_cleared_one_by_one_and_set_no_power() -> None:
    points = SetPoints([1], 5000)
    points.set_flag(DISABLE_CHARGE, on=True)
    points.set_flag(DISABLE_FEED_IN, on=True)
    points.set_flag(DISABLE_CHARGE, on=False)
    assert (points.flags, points.words(), points.is_active) == (DISABLE_FEED_IN, [None], False)
    points.clear()
    assert (points.flags, points.words()) == (0, [None])


def test_what_moves_wildly_passes_all_the_same() -> None:
    jumps = JumpFilter((10.0,))
    assert [jumps.passes((value,)) for value in (0.0, 1.0, 500.0, -500.0, 900.0, 905.0)] == [
        False,
        True,
        False,
        False,
        True,
        True,
    ]


def test_from_known_to_unknown_is_a_jump_and_so_is_another_number_of_devices() -> None:
    jumps = JumpFilter((10.0, 1.0))
    readings: list[tuple[float | None, ...]] = [(1.0, 1.0), (1.0, 1.0), (None, 1.0), (None, 1.0), (1.0, 1.0, 2.0, 2.0)]
    assert [jumps.passes(reading) for reading in readings] == [False, True, False, True, False]
