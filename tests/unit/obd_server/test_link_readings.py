from __future__ import annotations

import pytest

from obd_server.link_readings import STARTER_BATTERY_LOW, readings_of
from obdio.guard import GuardState
from obdio.snapshot import Snapshot


@pytest.mark.parametrize(
    ("voltage_v", "guard", "alarm"),
    [
        (14.1, GuardState.AWAKE, 0),
        (12.4, GuardState.ASLEEP, 0),
        (11.8, GuardState.STOPPED, 2),
        (9.5, GuardState.AWAKE, 0),  # the engine is being started
    ],
)
def test_the_starter_battery_is_low_when_the_guard_has_stopped(voltage_v: float, guard: GuardState, alarm: int) -> None:
    (reading,) = readings_of(Snapshot(voltage_v=voltage_v, guard=guard), 5.0)
    assert (reading.name, reading.value, reading.received) == (STARTER_BATTERY_LOW, alarm, 5.0)


def test_without_a_voltage_nothing_is_said() -> None:
    assert readings_of(Snapshot(guard=GuardState.STOPPED), 5.0) == []
