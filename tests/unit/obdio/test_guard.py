from __future__ import annotations

import pytest

from obdio.guard import RPM_VALID_S, UNGUARDED, BatteryGuard, GuardLimits, GuardState


def parked(voltage_v: float = 12.6, limits: GuardLimits | None = None) -> BatteryGuard:
    """Return a guard that has fallen asleep at 200 s."""
    guard = BatteryGuard(limits)
    for now in (0.0, 100.0, 200.0):
        guard.see_voltage(voltage_v, now)
    return guard


def test_a_running_engine_keeps_it_awake_whatever_the_voltage() -> None:
    guard = BatteryGuard()
    for now in range(0, 1000, 10):
        guard.see_rpm(800, now)
        guard.see_voltage(11.5, now)
    assert guard.state.name == "AWAKE"


def test_it_falls_asleep_when_engine_off_and_not_charging_for_a_while() -> None:
    guard = BatteryGuard()
    guard.see_rpm(0, 0)
    guard.see_voltage(12.7, 0)
    guard.tick(119)
    assert guard.state.name == "AWAKE"
    guard.tick(120)
    assert guard.state.name == "ASLEEP"
    assert "12.7 V" in guard.reason


def test_a_voltage_of_the_alternator_keeps_it_awake() -> None:
    guard = BatteryGuard()
    for now in range(0, 1000, 50):
        guard.see_voltage(14.1, now)
    assert guard.state.name == "AWAKE"


def test_an_old_engine_speed_does_not_count() -> None:
    guard = BatteryGuard()
    guard.see_rpm(900, 0)
    guard.see_voltage(12.5, 0)
    guard.tick(RPM_VALID_S + 1)
    guard.tick(RPM_VALID_S + 121)
    assert guard.state.name == "ASLEEP"


@pytest.mark.parametrize("voltage_v", [13.2, 14.4])
def test_the_alternators_voltage_wakes_it(voltage_v: float) -> None:
    guard = parked()
    guard.see_voltage(voltage_v, 260)
    assert guard.state.name == "AWAKE"


def test_a_rise_wakes_it_and_a_smaller_one_does_not() -> None:
    guard = parked(12.6)
    guard.see_voltage(12.4, 260)
    guard.see_voltage(12.79, 320)
    assert guard.state.name == "ASLEEP"
    guard.see_voltage(12.8, 380)
    assert guard.state.name == "AWAKE"


@pytest.mark.parametrize("tenths", range(121, 128))
def test_a_rise_of_exactly_four_tenths_wakes_it_from_every_voltage(tenths: int) -> None:
    guard = parked(tenths / 10)  # adapters tell tenths, and 12.7 - 12.3 is a little less than 0.4 in binary
    guard.see_voltage((tenths + 4) / 10, 260)
    assert guard.state is GuardState.AWAKE


def test_engine_speed_wakes_it() -> None:
    guard = parked()
    guard.see_rpm(700, 300)
    assert guard.state.name == "AWAKE"


def test_below_the_hard_limit_it_stops_even_before_it_would_sleep() -> None:
    guard = BatteryGuard()
    guard.see_voltage(11.9, 0)
    guard.see_voltage(11.9, 10)
    assert guard.state.name == "STOPPED"


def test_cranking_does_not_stop_it() -> None:
    guard = BatteryGuard()
    guard.see_voltage(12.5, 0)
    guard.see_voltage(9.5, 2)
    guard.see_voltage(14.0, 6)
    guard.tick(30)
    assert guard.state.name == "AWAKE"


def test_asleep_turns_into_stopped_as_the_battery_drains() -> None:
    guard = parked()
    guard.see_voltage(11.8, 260)
    guard.see_voltage(11.8, 320)
    assert guard.state.name == "STOPPED"


def test_a_rise_below_the_hard_limit_does_not_wake_it() -> None:
    guard = parked()
    for voltage_v, now in ((11.2, 260.0), (11.2, 320.0), (11.9, 380.0)):
        guard.see_voltage(voltage_v, now)
    assert guard.state.name == "STOPPED"


def test_24_volts_are_recognised_and_double_the_limits() -> None:
    guard = parked(25.2)
    assert guard.system_v == 24
    assert guard.state.name == "ASLEEP"
    guard.see_voltage(25.9, 260)
    assert guard.state.name == "ASLEEP"
    guard.see_voltage(26.4, 320)
    assert guard.state.name == "AWAKE"


def test_a_set_system_voltage_is_not_guessed_again() -> None:
    assert parked(24.0, GuardLimits(system_v=12)).system_v == 12
    assert BatteryGuard(GuardLimits(system_v=24)).system_v == 24


def test_without_a_voltage_it_never_interferes() -> None:
    guard = BatteryGuard()
    for now in range(0, 5000, 100):
        guard.see_rpm(None, now)
    assert guard.state.name == "AWAKE"


def test_unguarded_never_sleeps() -> None:
    assert parked(5.0, UNGUARDED).state is GuardState.AWAKE


def test_one_misread_voltage_does_not_make_it_a_lorry() -> None:
    guard = BatteryGuard()
    guard.see_voltage(14.1, 0)
    guard.see_voltage(41.1, 5)
    guard.see_voltage(14.1, 10)
    guard.tick(100)
    assert guard.system_v == 12
    assert guard.state is GuardState.AWAKE


def test_a_jump_start_from_24_volts_ends() -> None:
    guard = BatteryGuard()
    for now in range(0, 200, 5):
        guard.see_voltage(26.0 if now < 100 else 13.9, now)
    assert guard.system_v == 12
    assert guard.state is GuardState.AWAKE


def test_a_charging_voltage_that_is_not_confirmed_any_more_does_not_keep_it_awake() -> None:
    guard = BatteryGuard()
    guard.see_voltage(14.1, 0)
    for now in range(5, 200, 5):
        guard.see_voltage(None, now)
    assert guard.state.name == "ASLEEP"
    assert "unknown voltage" in guard.reason
    guard.see_voltage(14.1, 205)
    assert guard.state.name == "AWAKE"
