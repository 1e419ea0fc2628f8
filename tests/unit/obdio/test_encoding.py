from __future__ import annotations

import io
import json
import resource
from typing import TYPE_CHECKING, Any

import obd  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from obd.OBDResponse import Monitor, MonitorTest, Status, StatusTest  # type: ignore[import-untyped]
from obd.protocols import ISO_15765_4_11bit_500k  # type: ignore[import-untyped]
from obd.protocols.protocol import Frame, Message  # type: ignore[import-untyped]
from obd.utils import BitArray  # type: ignore[import-untyped]

import obdio

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS_SPACE = 4 << 30


@pytest.fixture(autouse=True)
def limited_memory() -> Iterator[None]:
    """An encoder that loops for ever must fail, not take the machine with it."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def response(value: Any, name: str = "RPM") -> Any:
    made = obd.OBDResponse(obd.commands[name], [object()])
    made.value, made.time = value, 1639266637.0
    return made


def encoded(value: Any) -> Any:
    return json.loads(obdio.dumps(value))


def test_a_number_looks_as_documented() -> None:
    command = {"name": "RPM", "desc": "Engine RPM", "fast": True, "command": "010C", "bytes": "4", "ecu": 2}
    assert encoded(response(1500 * obd.Unit.rpm)) == {
        "value": 1500,
        "command": command,
        "time": 1639266637000,
        "unit": "revolutions_per_minute",
    }


def test_a_status_looks_as_documented_and_lists_its_tests() -> None:
    status = Status()
    status.ignition_type = "spark"
    status.MISFIRE_MONITORING = StatusTest("MISFIRE_MONITORING", True, False)
    value = encoded(response(status, "STATUS"))["value"]
    tests = value.pop("tests")
    assert value == {"MIL": False, "DTC_COUNT": 0, "ignition_type": "spark"}
    assert tests == [{"available": True, "complete": False, "name": "MISFIRE_MONITORING"}]


def test_a_monitor_ends() -> None:
    monitor, test = Monitor(), MonitorTest()
    test.tid, test.name, test.desc = 1, "RTL_THRESHOLD_VOLTAGE", "Rich to lean"
    test.value, test.min, test.max = 1 * obd.Unit.volt, 0 * obd.Unit.volt, 2 * obd.Unit.volt
    monitor.add_test(test)
    (shown,) = encoded(monitor)
    assert (shown["tid"], shown["value"], shown["min"], shown["max"], shown["passed"]) == (1, 1, 0, 2, True)
    assert encoded(Monitor()) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_number_for_is_null(bad: float) -> None:
    assert encoded({"a": [bad, 1]}) == {"a": [None, 1]}
    assert encoded(response(bad * obd.Unit.volt))["value"] is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (bytearray(b"WP0"), [87, 80, 48]),
        (BitArray(b"\xa0"), [True, False, True, False, False, False, False, False]),
        ([("P0104", "text")], [["P0104", "text"]]),
        (((), (True,)), [[], [True]]),
        ({1}, [1]),
        ({b"key": 1, 2: 3}, {"key": 1, "2": 3}),
        (ISO_15765_4_11bit_500k, {"id": "6", "name": "ISO 15765-4 (CAN 11/500)"}),
        (obd.Unit.volt, "volt"),
        (66.66666666666667 * obd.Unit.percent, 66.666667),
        (object(), "Object of type object is not JSON serializable"),
        (obd.OBDResponse(), None),
    ],
)
def test_every_type_has_a_form(value: Any, shown: Any) -> None:
    assert encoded([value]) == [shown]


def test_text_is_readable_beside_its_bytes() -> None:
    assert encoded(response(bytearray(b"WP0ZZZ99ZTS392124"), "VIN"))["text"] == "WP0ZZZ99ZTS392124"


def test_no_value_is_null_with_its_command() -> None:
    shown = encoded(response(None))
    assert shown["value"] is None
    assert shown["command"]["name"] == "RPM"


def test_message_and_frame_are_shown() -> None:
    message = Message([Frame("7E8")])
    message.data = bytearray(b"\x41\x0c")
    assert encoded(message)["data"] == [0x41, 0x0C]
    assert encoded(message)["frames"][0]["raw"] == "7E8"


def test_what_contains_itself_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert obdio.dumps(endless).startswith("[[")


def test_an_endless_iterable_ends() -> None:
    def count() -> Iterator[int]:
        while True:
            yield 1

    assert len(encoded(count())) == 10_000


def test_the_module_serves_as_a_json_module() -> None:
    file = io.StringIO()
    obdio.dump({"v": response(1 * obd.Unit.volt)}, file)
    file.seek(0)
    assert obdio.load(file)["v"]["unit"] == "volt"
    assert obdio.dumps({"a": 1}, separators=(",", ":")) == '{"a":1}'
    assert obdio.loads("[1]") == [1]
    assert json.dumps({"v": float("nan")}, cls=obdio.OBDEncoder) == '{"v": null}'
    assert json.dumps([obd.commands.SPEED], cls=obdio.OBDEncoder).startswith('[{"name": "SPEED"')


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_any_data_becomes_strict_json(value: Any) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    json.loads(obdio.dumps(value), parse_constant=refuse)
