from __future__ import annotations

import pytest

from mqtt_devices.derived_values import DerivedValues
from mqtt_devices.protocol.service_types import Calibration, Derivation, PathRule, ServiceType, Value, ValueKind
from tests.service_types import TYPES


class Service:
    """The values of a service, with what follows from them."""

    def __init__(self, service_type: ServiceType) -> None:
        self.derived = DerivedValues(service_type)
        self.values: dict[str, Value] = {path: rule.default for path, rule in service_type.paths.items()}

    def write(self, now: float = 0.0, **values: Value) -> dict[str, Value]:
        """Write values, `_` in their names for a slash; returns what followed."""
        written = {path.replace("_", "/"): value for path, value in values.items()}
        self.values |= written
        found = self.derived.update(written, lambda path: self.values[path], now)
        self.values |= found
        return found


def test_temperature_is_what_was_sent_times_scale_plus_offset() -> None:
    service = Service(TYPES["temperature"])
    assert service.write(Temperature=20.0) == {"Temperature": 20.0}
    assert service.write(Offset=-1.5) == {"Temperature": 18.5}
    assert service.write(Scale=2.0) == {"Temperature": 38.5}
    assert service.write(Temperature=10.0) == {"Temperature": 18.5}
    assert service.write(Humidity=50.0) == {}
    service.derived.forget()
    assert service.write(Offset=0.0) == {}
    assert service.write(Temperature=None) == {}


def test_capacity_that_the_user_changes_changes_what_remains() -> None:
    service = Service(TYPES["tank"])
    assert service.write(Level=50.0, Capacity=0.4)["Remaining"] == pytest.approx(0.2)
    assert service.write(Capacity=0.8)["Remaining"] == pytest.approx(0.4)


def test_tank_alarms_follow_the_level_after_their_delay() -> None:
    service = Service(TYPES["tank"])
    assert service.write(Level=95.0)["Alarms/High/State"] == 0
    assert service.write(1.0, Alarms_High_Enable=1, Alarms_High_Delay=10.0)["Alarms/High/State"] == 0
    assert service.derived.deadline == 11.0
    assert service.write(11.0)["Alarms/High/State"] == 1
    assert service.derived.deadline is None
    assert service.write(12.0, Level=9.0)["Alarms/High/State"] == 0


def test_alarm_timer_ends_with_the_readings() -> None:
    service = Service(TYPES["tank"])
    service.write(Alarms_Low_Enable=1, Alarms_Low_Delay=10.0, Level=5.0)
    assert service.derived.deadline == 10.0
    service.derived.forget()
    assert service.derived.deadline is None


def test_alarm_state_that_the_device_sends_is_its_own() -> None:
    service = Service(TYPES["tank"])
    assert "Alarms/Low/State" not in service.write(Alarms_Low_State=2)
    assert "Alarms/Low/State" not in service.write(Alarms_Low_Enable=1, Level=5.0)
    assert service.values["Alarms/Low/State"] == 2


def test_result_beyond_the_limits_of_its_path_is_unknown() -> None:
    def double(path: str, **limits: float) -> PathRule:
        return PathRule(path=path, kind=ValueKind.DOUBLE, **limits)  # type: ignore[arg-type] # limits only

    kind = ServiceType(
        "x",
        {rule.path: rule for rule in (double("A"), double("S"), double("O"), double("T", maximum=10.0))},
        derivations=(Derivation(path="T", operation="sum", of=("A",)),),
        calibrations=(Calibration(path="A", scale="S", offset="O"),),
    )
    service = Service(kind)
    service.values |= {"S": 2.0, "O": 1.0}
    assert service.write(A=4.0) == {"A": 9.0, "T": 9.0}
    assert service.write(A=5.0) == {"A": 11.0, "T": None}


def test_type_without_any_of_it_needs_nothing() -> None:
    assert not DerivedValues(TYPES["gps"]).is_needed
    assert DerivedValues(TYPES["temperature"]).is_needed
