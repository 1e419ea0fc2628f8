from __future__ import annotations

import pytest

from mqtt_devices.protocol.device import FIRST_RETRY_S, LAST_RETRY_S, Device, Opened
from mqtt_devices.protocol.effects import Plan
from mqtt_devices.protocol.status import Registration


def device(version: str | None = "1", **services: str) -> Device:
    return Device("c", "c", Registration("c", version, services))


def carry_out(one: Device) -> None:
    one.plan = one.make_plan()
    assert one.plan is not None
    one.finish_plan(dict.fromkeys(one.plan.open, 1), set())


def test_plan_opens_what_is_missing_and_then_nothing() -> None:
    one = device(a="tank", b="gps")
    assert one.make_plan() == Plan("c", "1", (), {"a": "tank", "b": "gps"}, ())
    carry_out(one)
    assert one.make_plan() is None


def test_plan_is_the_difference_only() -> None:
    one = device(a="tank", b="gps", c="grid")
    carry_out(one)
    one.wanted = Registration("c", "2", {"a": "tank", "b": "grid", "d": "tank"})
    assert one.make_plan() == Plan("c", "2", ("b", "c"), {"b": "grid", "d": "tank"}, ("a",))
    carry_out(one)
    assert one.make_plan() is None
    assert one.opened == {"a": Opened("tank", 1, "2"), "b": Opened("grid", 1, "2"), "d": Opened("tank", 1, "2")}


def test_plan_of_a_leaving_device_closes_all() -> None:
    one = device(a="tank", b="gps")
    carry_out(one)
    one.wanted = None
    assert one.make_plan() == Plan("c", None, ("a", "b"), {}, ())


def test_failed_service_waits() -> None:
    one = device(a="tank", b="gps")
    one.plan = one.make_plan()
    one.finish_plan({"a": 1}, {"b"})
    assert one.make_plan() is None
    one.failed.clear()
    assert one.make_plan() == Plan("c", "1", (), {"b": "gps"}, ())


def test_retry_comes_later_each_time_up_to_a_limit() -> None:
    one = device()
    delays = []
    for _ in range(10):
        one.plan_retry(100.0)
        assert one.retry_at is not None
        delays.append(one.retry_at - 100.0)
    assert delays[:3] == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]
    assert delays[-1] == LAST_RETRY_S


def test_finish_without_a_plan_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no plan"):
        device().finish_plan({}, set())


def test_names_are_all_that_the_device_holds_or_asks_for() -> None:
    one = device(a="tank")
    carry_out(one)
    one.wanted = Registration("c", "1", {"b": "tank"})
    one.plan = Plan("c", "1", open={"d": "tank"})
    assert one.names == {"a", "b", "d"}
