from __future__ import annotations

import pytest

from mqtt_devices.protocol.alarms import QUIET, RAISED, LevelAlarm
from mqtt_devices.protocol.service_types import AlarmRule, Value

HIGH = AlarmRule(path="High", of="Level", is_high=True)
LOW = AlarmRule(path="Low", of="Level", is_high=False)


class Tank:
    """A tank with one alarm, whose state it keeps."""

    def __init__(self, rule: AlarmRule, *, active: float, restore: float, delay: float = 0, enable: int = 1) -> None:
        self.alarm = LevelAlarm(rule)
        self.state_path = f"{rule.path}/State"
        fields: dict[str, Value] = {"Enable": enable, "Active": active, "Restore": restore, "Delay": delay}
        self.values: dict[str, Value] = {f"{rule.path}/{name}": value for name, value in fields.items()}

    def at(self, level: Value, now: float = 0.0) -> int | None:
        self.values["Level"] = level
        self.values[self.state_path] = state = self.alarm.update(self.values.get, now)
        return state


@pytest.mark.parametrize(
    ("rule", "active", "restore", "levels"),
    [
        (HIGH, 90, 80, [(89, QUIET), (90, QUIET), (91, RAISED), (85, RAISED), (80, QUIET), (85, QUIET), (95, RAISED)]),
        (LOW, 10, 15, [(11, QUIET), (10, QUIET), (9, RAISED), (12, RAISED), (15, QUIET), (12, QUIET), (0, RAISED)]),
    ],
)
def test_alarm_is_raised_beyond_one_threshold_and_over_at_the_other(
    rule: AlarmRule, active: float, restore: float, levels: list[tuple[float, int]]
) -> None:
    tank = Tank(rule, active=active, restore=restore)
    assert [tank.at(level) for level, _ in levels] == [state for _, state in levels]
    assert tank.alarm.deadline is None


def test_alarm_waits_for_its_delay_and_a_short_wave_raises_none() -> None:
    tank = Tank(HIGH, active=90, restore=80, delay=30)
    assert (tank.at(95, 100.0), tank.alarm.deadline) == (QUIET, 130.0)
    assert (tank.at(85, 110.0), tank.alarm.deadline) == (QUIET, None)
    assert (tank.at(95, 120.0), tank.alarm.deadline) == (QUIET, 150.0)
    assert (tank.at(96, 149.0), tank.alarm.deadline) == (QUIET, 150.0)
    assert (tank.at(96, 150.0), tank.alarm.deadline) == (RAISED, None)


def test_delay_begins_anew_after_the_level_was_unknown() -> None:
    tank = Tank(HIGH, active=90, restore=80, delay=30)
    tank.at(95, 100.0)
    tank.alarm.reset()
    assert (tank.at(95, 200.0), tank.alarm.deadline) == (QUIET, 230.0)


def test_alarm_that_is_not_enabled_is_quiet_and_one_without_level_unknown() -> None:
    tank = Tank(HIGH, active=90, restore=80, enable=0)
    assert (tank.at(95), tank.at(None)) == (QUIET, QUIET)
    tank.values["High/Enable"] = 1
    assert (tank.at(95), tank.at(None), tank.at("full"), tank.at(95)) == (RAISED, None, None, RAISED)
