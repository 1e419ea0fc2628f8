from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obd_server.protocol.tank import ALARM_LOW, ALARM_NONE, STATUS_OK, STATUS_UNKNOWN, TankLogic

SETTINGS: dict[str, Any] = {
    "/Capacity": 0.06,
    "/FluidType": -1,
    "/Alarms/Low/Enable": 1,
    "/Alarms/Low/Active": 10.0,
    "/Alarms/Low/Restore": 15.0,
    "/Alarms/Low/Delay": 30,
}
MAX_AGE_S = 30.0


def shown(tank: TankLogic, now: float, **changed: Any) -> dict[str, Any]:
    return tank.paths({**SETTINGS, **changed}, now, MAX_AGE_S)


def test_sloshing_does_not_move_the_gauge() -> None:
    tank = TankLogic()
    for now, level in enumerate([50, 51, 90, 49, 50, 5, 50, 51]):
        tank.receive("FUEL_LEVEL", level, float(now))
    assert shown(tank, 8.0)["level"] == 50


def test_the_volume_follows_level_and_capacity() -> None:
    tank = TankLogic()
    tank.receive("FUEL_LEVEL", 50, 0.0)
    assert shown(tank, 0.0)["remaining"] == pytest.approx(0.03)
    assert shown(tank, 0.0, **{"/Capacity": 0.2})["remaining"] == pytest.approx(0.1)


def test_an_old_level_is_unknown() -> None:
    tank = TankLogic()
    tank.receive("FUEL_LEVEL", 50, 0.0)
    now_shown = shown(tank, MAX_AGE_S + 1)
    assert (now_shown["level"], now_shown["remaining"], now_shown["low_alarm"]) == (None, None, None)
    assert now_shown["status"] == STATUS_UNKNOWN
    tank.receive("FUEL_LEVEL", 20, 100.0)
    assert shown(tank, 100.0)["level"] == 20  # nothing of before is mixed in
    assert shown(tank, 100.0)["status"] == STATUS_OK


def test_no_value_changes_nothing() -> None:
    tank = TankLogic()
    tank.receive("FUEL_LEVEL", None, 0.0)
    tank.receive("FUEL_TYPE", None, 0.0)
    assert shown(tank, 0.0)["level"] is None


@pytest.mark.parametrize(
    ("fuel", "setting", "fluid"),
    [("Diesel", -1, 7), ("Gasoline", -1, 6), ("LPG", -1, 8), ("Electric", -1, 0), (None, -1, 0), ("Diesel", 10, 10)],
)
def test_the_fluid_is_the_vehicles_unless_the_user_chose(fuel: str | None, setting: int, fluid: int) -> None:
    tank = TankLogic()
    tank.receive("FUEL_TYPE", fuel, 0.0)
    assert shown(tank, 0.0, **{"/FluidType": setting})["fluid_type"] == fluid


def test_the_low_alarm_waits_and_holds_until_restored() -> None:
    tank = TankLogic()
    states = []
    for now, level in [(0.0, 9), (29.0, 9), (31.0, 9), (100.0, 12), (200.0, 16), (300.0, 12)]:
        tank.receive("FUEL_LEVEL", level, now - 61)
        tank = _fresh(tank, level, now)
        states.append(shown(tank, now)["low_alarm"])
    assert states == [ALARM_NONE, ALARM_NONE, ALARM_LOW, ALARM_LOW, ALARM_NONE, ALARM_NONE]


def _fresh(tank: TankLogic, level: float, now: float) -> TankLogic:
    """Make level the only sample, as after a long time."""
    tank._samples.clear()
    tank.receive("FUEL_LEVEL", level, now)
    return tank


def test_no_alarm_when_it_is_off() -> None:
    tank = TankLogic()
    tank.receive("FUEL_LEVEL", 1, 0.0)
    shown(tank, 0.0, **{"/Alarms/Low/Enable": 0})
    assert shown(tank, 29.0, **{"/Alarms/Low/Enable": 0})["low_alarm"] == ALARM_NONE


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50))
def test_the_gauge_stays_within_what_was_measured(levels: list[float]) -> None:
    tank = TankLogic()
    for now, level in enumerate(levels):
        tank.receive("FUEL_LEVEL", level, float(now))
    assert min(levels) <= shown(tank, len(levels) - 1.0)["level"] <= max(levels)


def test_an_alarm_that_ends_below_where_it_begins_does_not_come_and_go() -> None:
    tank = TankLogic()
    states = []
    for now in range(0, 200, 10):
        tank.receive("FUEL_LEVEL", 8.0, float(now))
        states.append(shown(tank, float(now), **{"/Alarms/Low/Restore": 5.0})["low_alarm"])
    assert states == [ALARM_NONE] * 3 + [ALARM_LOW] * 17
