from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_devices.errors import Reason, Rejected
from mqtt_devices.protocol.service_types import PathRule, Role, ValueKind
from mqtt_devices.protocol.values import MAX_LIST, coerce
from tests.unit.mqtt_devices.payloads import json_values

INTEGER = PathRule(path="P", kind=ValueKind.INTEGER)
CHOICE = PathRule(path="P", kind=ValueKind.INTEGER, values={0: "Off", 1: "On"}, minimum=0, maximum=1)
DOUBLE = PathRule(path="P", kind=ValueKind.DOUBLE)
PERCENT = PathRule(path="P", kind=ValueKind.DOUBLE, minimum=0, maximum=100)
TEXT = PathRule(path="P", kind=ValueKind.TEXT)
TEXTS = PathRule(path="P", kind=ValueKind.TEXTS)
NAME = PathRule(path="P", kind=ValueKind.TEXT, role=Role.SETTING, default="x")
SETTING = PathRule(path="P", kind=ValueKind.INTEGER, role=Role.SETTING, default=1)


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        (DOUBLE, "23.41", 23.41),
        (DOUBLE, 5, 5.0),
        (DOUBLE, " 7 ", 7.0),
        (DOUBLE, "-1.5e-3\n", -0.0015),
        (DOUBLE, "+.5", 0.5),
        (DOUBLE, "5.", 5.0),
        (DOUBLE, True, 1.0),
        (DOUBLE, None, None),
        (PERCENT, 100, 100.0),
        (INTEGER, 7.0, 7),
        (INTEGER, 7.4, 7),
        (INTEGER, "12", 12),
        (INTEGER, False, 0),
        (INTEGER, 2**40, 2**40),
        (CHOICE, "1", 1),
        (CHOICE, 1.0, 1),
        (TEXT, "Ä", "Ä"),
        (TEXT, 5, "5"),
        (TEXT, None, None),
        (TEXTS, ["a", "b"], ["a", "b"]),
        (NAME, "", ""),
    ],
)
def test_value_becomes_the_type_of_its_path(rule: PathRule, value: object, expected: object) -> None:
    result = coerce(value, rule)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("rule", "value", "reason"),
    [
        (DOUBLE, "warm", Reason.WRONG_TYPE),
        (DOUBLE, "1.5" + 61 * " " + "broken", Reason.WRONG_TYPE),
        (DOUBLE, "1_000", Reason.WRONG_TYPE),
        (INTEGER, "\u0661\u0662", Reason.WRONG_TYPE),
        (DOUBLE, "0x10", Reason.WRONG_TYPE),
        (DOUBLE, "1,5", Reason.WRONG_TYPE),
        (DOUBLE, "infinity", Reason.OUT_OF_RANGE),
        (DOUBLE, "", Reason.WRONG_TYPE),
        (DOUBLE, [1], Reason.WRONG_TYPE),
        (DOUBLE, {"value": 1}, Reason.WRONG_TYPE),
        (DOUBLE, math.nan, Reason.OUT_OF_RANGE),
        (DOUBLE, math.inf, Reason.OUT_OF_RANGE),
        (DOUBLE, "nan", Reason.OUT_OF_RANGE),
        (DOUBLE, "1e999", Reason.OUT_OF_RANGE),
        (DOUBLE, 10**400, Reason.OUT_OF_RANGE),
        (PERCENT, 100.5, Reason.OUT_OF_RANGE),
        (PERCENT, -0.1, Reason.OUT_OF_RANGE),
        (CHOICE, 2, Reason.OUT_OF_RANGE),
        (CHOICE, 0.5, Reason.WRONG_TYPE),
        (INTEGER, 2**63, Reason.OUT_OF_RANGE),
        (TEXT, True, Reason.WRONG_TYPE),
        (TEXT, ["a"], Reason.WRONG_TYPE),
        (TEXT, "a\0", Reason.BAD_TEXT),
        (TEXT, "x" * 1000, Reason.TOO_LONG),
        (TEXTS, [], Reason.WRONG_TYPE),
        (TEXTS, ["a", 1], Reason.WRONG_TYPE),
        (TEXTS, "a", Reason.WRONG_TYPE),
        (TEXTS, ["\ud800"], Reason.BAD_TEXT),
        (TEXTS, ["a"] * (MAX_LIST + 1), Reason.TOO_MANY),
        (NAME, None, Reason.WRONG_TYPE),
        (SETTING, None, Reason.WRONG_TYPE),
        (SETTING, 1.5, Reason.WRONG_TYPE),
    ],
)
def test_value_that_does_not_fit_is_refused(rule: PathRule, value: object, reason: Reason) -> None:
    with pytest.raises(Rejected) as caught:
        coerce(value, rule)
    assert (caught.value.reason, caught.value.field) == (reason, "P")


@given(json_values, st.sampled_from([INTEGER, CHOICE, DOUBLE, PERCENT, TEXT, TEXTS, NAME, SETTING]))
def test_any_value_is_refused_or_of_the_right_type_and_stays_as_it_is(value: Any, rule: PathRule) -> None:
    expected = {ValueKind.INTEGER: int, ValueKind.DOUBLE: float, ValueKind.TEXT: str, ValueKind.TEXTS: list}[rule.kind]
    with contextlib.suppress(Rejected):
        result = coerce(value, rule)
        assert result is None or type(result) is expected
        assert result is not None or not rule.persists
        assert not isinstance(result, float) or math.isfinite(result)
        assert coerce(result, rule) == result
