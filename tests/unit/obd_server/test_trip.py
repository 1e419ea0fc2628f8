from __future__ import annotations

from typing import Any

import pytest

from obd_server.protocol.trip import MAX_GAP_S, NEW_TRIP_S, Trip


def drive(trip: Trip, *, seconds: int, begin: float = 0.0, **values: float | None) -> float:
    """Give the same values every second; returns the time at the end."""
    for second in range(seconds + 1):
        for name, value in values.items():
            trip.receive(name, value, begin + second)
    return begin + seconds


def test_an_hour_at_100_with_6_litres_per_hour() -> None:
    trip = Trip()
    now = drive(trip, seconds=3600, SPEED=100.0, FUEL_RATE=6.0, RPM=2000.0)
    figures = trip.figures(now, 30.0)
    assert figures["trip_distance"] == pytest.approx(100.0)
    assert figures["trip_fuel"] == pytest.approx(6.0)
    assert figures["trip_consumption"] == pytest.approx(6.0)
    assert figures["consumption"] == pytest.approx(6.0)
    assert figures["engine_hours"] == pytest.approx(1.0)
    assert figures["range"] == pytest.approx(500.0)


def test_the_air_flow_stands_in_for_petrol_only() -> None:
    petrol, diesel, unknown = Trip(), Trip(), Trip()
    petrol.receive("FUEL_TYPE", "Gasoline", 0.0)
    diesel.receive("FUEL_TYPE", "Diesel", 0.0)
    for trip in (petrol, diesel, unknown):
        drive(trip, seconds=10, MAF=10.0, SPEED=50.0)
    assert petrol.figures(10.0, None)["fuel_rate"] == pytest.approx(10 * 3600 / 14.7 / 745)
    assert diesel.figures(10.0, None)["fuel_rate"] is None
    assert unknown.figures(10.0, None)["trip_fuel"] is None


def test_a_fuel_rate_of_the_vehicle_wins_over_the_air_flow() -> None:
    trip = Trip()
    trip.receive("FUEL_TYPE", "Gasoline", 0.0)
    now = drive(trip, seconds=10, FUEL_RATE=5.0, MAF=100.0)
    assert trip.figures(now, None)["fuel_rate"] == 5.0


def test_nothing_is_invented_for_a_gap() -> None:
    trip = Trip()
    trip.receive("SPEED", 100.0, 0.0)
    trip.receive("SPEED", 100.0, MAX_GAP_S + 1)
    assert trip.totals.trip_km == 0
    assert trip.figures(2 * MAX_GAP_S + 2, None)["fuel_rate"] is None


def test_the_engine_signal_needs_more_than_a_starter_and_a_fresh_value() -> None:
    trip = Trip()
    assert trip.engine_running(0.0) is None
    trip.receive("RPM", 200.0, 0.0)
    assert trip.engine_running(0.0) == 0
    trip.receive("RPM", 700.0, 1.0)
    assert trip.engine_running(1.0) == 1
    assert trip.engine_running(1.0 + MAX_GAP_S + 1) is None
    trip.receive("RPM", None, 20.0)
    assert trip.engine_running(20.0) is None


def test_a_long_stop_begins_a_new_trip_and_a_break_does_not() -> None:
    trip = Trip()
    now = drive(trip, seconds=60, SPEED=60.0, RPM=2000.0)
    trip.receive("RPM", 0.0, now + 1)
    trip.receive("RPM", 800.0, now + 600)
    assert trip.totals.trip_km == pytest.approx(1.0)
    trip.receive("RPM", 0.0, now + 700)
    trip.receive("RPM", 800.0, now + 700 + NEW_TRIP_S + 1)
    assert trip.totals.trip_km == 0
    assert trip.totals.total_km == pytest.approx(1.0)


def test_totals_survive_a_restart_and_damage_does_no_harm() -> None:
    trip = Trip()
    drive(trip, seconds=60, SPEED=60.0)
    again = Trip()
    again.restore(trip.save())
    assert again.totals.total_km == pytest.approx(1.0)
    entries: list[Any] = ["x", -1, True, float("nan")]
    damages: list[Any] = [None, [], "x", *({"total_km": entry} for entry in entries)]
    for damaged in damages:
        other = Trip()
        other.restore(damaged)
        assert other.totals.total_km == 0
