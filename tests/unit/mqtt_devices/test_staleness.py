from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.staleness import (
    MAX_TIMEOUT_S,
    OnTimeout,
    Staleness,
    encode_staleness,
    parse_staleness,
)


@given(st.none() | st.just(0.0) | st.floats(1, MAX_TIMEOUT_S), st.none() | st.sampled_from(OnTimeout))
def test_staleness_survives_encoding(timeout: float | None, action: OnTimeout | None) -> None:
    staleness = Staleness(timeout, action)
    assert parse_staleness(encode_staleness(staleness)) == staleness


@pytest.mark.parametrize(
    ("message", "reason", "field"),
    [
        ({"timeout": "30"}, Reason.WRONG_TYPE, "timeout"),
        ({"timeout": True}, Reason.WRONG_TYPE, "timeout"),
        ({"timeout": 0.5}, Reason.OUT_OF_RANGE, "timeout"),
        ({"timeout": -1}, Reason.OUT_OF_RANGE, "timeout"),
        ({"timeout": MAX_TIMEOUT_S + 1}, Reason.OUT_OF_RANGE, "timeout"),
        ({"timeout": float("nan")}, Reason.OUT_OF_RANGE, "timeout"),
        ({"onTimeout": "explode"}, Reason.WRONG_TYPE, "onTimeout"),
        ({"onTimeout": 1}, Reason.WRONG_TYPE, "onTimeout"),
    ],
)
def test_wrong_fields_are_named(message: dict[str, Any], reason: Reason, field: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_staleness(message, "x.")
    assert (caught.value.reason, caught.value.field) == (reason, f"x.{field}")


def test_own_decisions_go_over_those_of_the_type() -> None:
    of_type = Staleness(30.0, OnTimeout.ZERO)
    assert Staleness().over(of_type) == of_type
    assert Staleness(5.0).over(of_type) == Staleness(5.0, OnTimeout.ZERO)
    assert Staleness(0.0, OnTimeout.HOLD).over(of_type) == Staleness(0.0, OnTimeout.HOLD)
    assert Staleness().over(Staleness()) == Staleness(0.0, OnTimeout.INVALID)
