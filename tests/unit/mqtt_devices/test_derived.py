from __future__ import annotations

import pytest

from mqtt_devices.protocol.derived import derive
from mqtt_devices.protocol.service_types import Derivation, Value
from tests.service_types import TYPES

POWER = Derivation(path="P", operation="product", of=("V", "I"))
TOTAL = Derivation(path="T", operation="sum", of=("P", "Q"), scale=2.0)


def work(values: dict[str, Value], *, sent: tuple[str, ...] = ()) -> dict[str, float | None]:
    return derive((POWER, TOTAL), values, sent, values.get)


def test_product_needs_all_sum_needs_one_and_results_go_on() -> None:
    assert work({"V": 12.0, "I": 2.0}) == {"P": 24.0, "T": 48.0}
    assert work({"V": 12.0}) == {"P": None, "T": None}
    assert work({"Q": 5.0}) == {"T": 10.0}
    assert work({"X": 1.0}) == {}


def test_what_the_device_sends_is_left_alone() -> None:
    values: dict[str, Value] = {"V": 12.0, "I": 2.0, "P": 30.0}
    assert work(values, sent=("P",)) == {"T": 60.0}
    assert work(values, sent=("P", "T")) == {}


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("tank", {"Level": 50.0, "Capacity": 0.4}, {"Remaining": 0.2}),
        (
            "grid",
            {"Ac/L1/Voltage": 230.0, "Ac/L1/Current": 2.0, "Ac/L2/Power": 40.0},
            {"Ac/L1/Power": 460.0, "Ac/Power": 500.0},
        ),
        ("battery", {"Dc/0/Voltage": 12.0, "Dc/0/Current": -5.0}, {"Dc/0/Power": -60.0}),
        ("dcload", {"Dc/0/Voltage": 12.0, "Dc/0/Current": 5.0}, {"Dc/0/Power": 60.0}),
    ],
)
def test_built_in_types_work_out_what_the_platform_expects(
    kind: str, values: dict[str, Value], expected: dict[str, float]
) -> None:
    sent = {path for path in values if "Power" in path}
    found = derive(TYPES[kind].derivations, values, sent, values.get)
    assert {path: value for path, value in found.items() if value is not None} == expected
