"""Small pure rules: liveness, latency, corrections, energy, derived values, error slots, tanks, set points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbus_client.protocol.adjust import Adjustment
from modbus_client.protocol.condition import Condition
from modbus_client.protocol.derive import derive
from modbus_client.protocol.energy import EnergyCounter
from modbus_client.protocol.errorslots import ErrorSlots, faults_in
from modbus_client.protocol.functions import Derived, ErrorBits
from modbus_client.protocol.latency import MAX_TIMEOUT_S, Latency
from modbus_client.protocol.liveness import MAX_RETRY_S, Liveness
from modbus_client.protocol.setpoint import SetPoint
from modbus_client.protocol.tank import TankShape
from modbus_client.protocol.version import VeVersion


def test_liveness_needs_time_and_misses() -> None:
    life = Liveness(0.0, is_up=True)
    assert not life.missed(9.0)
    assert not life.missed(9.5)
    assert life.missed(10.0)
    quick = Liveness(0.0, is_up=True)
    assert not any(quick.missed(0.1 * n) for n in range(49))
    assert quick.missed(5.0)


def test_liveness_backs_off_and_forgets_it_when_heard() -> None:
    life = Liveness(0.0)
    waits = []
    for _ in range(9):
        life.missed(100.0)
        waits.append(life.retry_at - 100.0)
    assert waits == sorted(waits)
    assert waits[0] == 1.0
    assert waits[-1] == MAX_RETRY_S
    assert life.heard(100.0)
    assert not life.heard(101.0)
    assert life.retry_at == 0.0


@given(st.lists(st.floats(0.001, 5.0), min_size=1, max_size=40))
def test_timeout_is_between_its_bounds_and_above_steady_latency(elapsed: list[float]) -> None:
    latency = Latency(0.1)
    for value in elapsed:
        latency.answered(value)
    assert 0.1 <= latency.timeout_s <= MAX_TIMEOUT_S
    assert latency.timeout_s >= min(MAX_TIMEOUT_S, latency.smooth_s)


def test_adjustment_moves_turns_and_scales() -> None:
    adjust = Adjustment(phases={1: 2}, invert=True, ct_ratio=2.0, power_offset_w=10.0)
    readings = {
        "/Ac/L1/Power": 100.0,
        "/Ac/L1/Voltage": 230.0,
        "/Ac/Energy/Forward": 5.0,
        "/Serial": "x",
        "/Ac/Power": None,
    }
    assert adjust.apply(readings) == {
        "/Ac/L2/Power": -190.0,
        "/Ac/L2/Voltage": 230.0,
        "/Ac/Energy/Reverse": 10.0,
        "/Serial": "x",
        "/Ac/Power": None,
    }
    assert Adjustment().apply(readings) is readings


def test_energy_by_import_and_export_lets_phases_cancel() -> None:
    netted, apart = EnergyCounter("import_export"), EnergyCounter("balanced")
    for counter in (netted, apart):
        counter.begin(10.0, 1.0)
        for second in range(3601):
            counter.measured([2000.0, -1000.0], float(second))
    assert netted.forward_kwh == pytest.approx(11.0)
    assert netted.reverse_kwh == pytest.approx(1.0)
    assert apart.forward_kwh == pytest.approx(12.0)
    assert apart.reverse_kwh == pytest.approx(2.0)


def test_energy_does_not_guess_over_gaps_or_unknown_phases() -> None:
    counter = EnergyCounter("balanced")
    counter.begin(0.0, 0.0)
    counter.measured([1000.0], 0.0)
    counter.measured([1000.0], 3600.0)
    counter.measured([None], 3601.0)
    counter.measured([1000.0], 3602.0)
    assert counter.forward_kwh == 0.0


def test_stored_energy_goes_on() -> None:
    counter = EnergyCounter("balanced", 77.0, 8.0)
    counter.begin(1.0, 1.0)
    assert (counter.forward_kwh, counter.reverse_kwh) == (77.0, 8.0)


def test_derived_values() -> None:
    rules = [
        Derived("/Total", "sum", ("/A", "/B", "/Absent")),
        Derived("/Diff", "diff", ("/Total", "/A")),
        Derived("/Half", "scale", ("/Diff",), factor=0.5),
        Derived("/Word", "map", ("/A",), table={1: "one"}),
        Derived("/Copy", "copy", ("/B",)),
        Derived("/First", "first", ("/None", "/B")),
        Derived("/Runs", "above", ("/B",), limit=1.0, table={0: 0, 1: 8}),
        Derived("/Bit", "bit", ("/A",), limit=1.0, table={0: 0, 1: 5}),
        Derived("/A", "copy", ("/B",), fallback=True),
        Derived("/Off", "copy", ("/B",), when=Condition(equals=(("role", ("grid",)),))),
    ]
    values = {"/A": 1, "/B": 2, "/None": None}
    assert derive(rules, values, {"role": "acload"}) == {
        "/Total": 3, "/Diff": 2, "/Half": 1.0, "/Word": "one", "/Copy": 2, "/First": 2, "/Runs": 8, "/Bit": 5,
    }  # fmt: skip


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    assert derive([Derived("/T", "sum", ("/A", "/B"))], {"/A": 1, "/B": None}, {}) == {"/T": None}


def test_conditions() -> None:
    facts = {"role": "grid", "models": (1, 103), "firmware": VeVersion(1, 0x09), "x": 0}
    assert Condition().holds(facts)
    assert Condition(equals=(("role", ("grid", "genset")), ("models", (103,)))).holds(facts)
    assert not Condition(equals=(("models", (203,)),)).holds(facts)
    assert not Condition(equals=(("unknown", (1,)),)).holds(facts)
    assert Condition(firmware_from=VeVersion(1, 0x05)).holds(facts)
    assert not Condition(firmware_below=VeVersion(1, 0x09)).holds(facts)
    assert not Condition(firmware_from=VeVersion(1, 0)).holds({})
    assert Condition(known=("x",)).holds(facts)
    assert not Condition(known=("y",)).holds(facts)


def test_faults_of_bits_nibbles_and_words() -> None:
    assert faults_in(ErrorBits(0, 2, "bits", {1: "e"}), (0x8001, 0x0002)) == {("e", 0), ("e", 15), ("e", 17)}
    nibbles = ErrorBits(0, 1, "nibbles", {2: "w", 3: "e", 4: "e"}, code=0x1000)
    assert faults_in(nibbles, (0x1234,)) == {("w", 0x1001), ("e", 0x1002), ("e", 0x1003)}
    assert faults_in(ErrorBits(0, 2, "words", {0: "e", 1: "w"}), (0, 5)) == {("w", 1)}


def test_an_error_keeps_its_slot() -> None:
    slots = ErrorSlots("dse", 3, offset=0x2000)
    assert slots.update({("w", 5), ("e", 9)})["/Error/0/Id"] == "dse:e-9"
    values = slots.update({("w", 5), ("e", 1)})
    assert [values[f"/Error/{n}/Id"] for n in range(3)] == ["dse:e-1", "dse:w-5", ""]
    assert values["/ErrorCode"] == 0x2001
    assert slots.update(set())["/ErrorCode"] == 0


@given(st.sets(st.tuples(st.sampled_from("ewi"), st.integers(0, 9)), max_size=9))
def test_slots_never_hold_one_error_twice(faults: set[tuple[str, int]]) -> None:
    slots = ErrorSlots("x", 4)
    slots.update({("e", 3), ("w", 4)})
    ids = [value for key, value in slots.update(faults).items() if key.startswith("/Error/") and value]
    assert len(ids) == len(set(ids)) == min(4, len(faults))


def test_tank() -> None:
    shape = TankShape(0.5, raw_empty=20.0, raw_full=120.0)
    assert shape.level(70.0) == 50.0
    assert shape.remaining(70.0) == 0.25
    assert shape.level(500.0) == 100.0
    assert TankShape(raw_empty=240.0, raw_full=30.0).level(135.0) == 50.0  # a European sender counts down
    assert shape.level(None) is None
    assert TankShape(raw_empty=1.0, raw_full=1.0).remaining(1.0) is None


def test_a_set_point_waits_for_its_interval_and_keeps_the_latest() -> None:
    point = SetPoint(interval_s=5.0, safe=100.0)
    assert point.ask(50.0, 0.0)
    point.wrote(50.0, 0.0)
    assert not point.ask(40.0, 1.0)
    assert not point.ask(30.0, 2.0)
    assert point.due(4.9) is None
    assert point.due(5.0) == 30.0
    point.wrote(30.0, 5.0)
    assert point.due(100.0) is None


def test_a_set_point_falls_back_when_its_writer_dies() -> None:
    point = SetPoint(interval_s=1.0, safe=100.0, hold_s=60.0)
    point.ask(50.0, 0.0)
    point.wrote(50.0, 0.0)
    assert point.due(60.0) is None
    assert point.due(60.1) == 100.0


def test_a_set_point_is_renewed_while_it_is_not_the_safe_one() -> None:
    point = SetPoint(interval_s=1.0, safe=100.0, refresh_s=30.0)
    point.ask(50.0, 0.0)
    point.wrote(50.0, 0.0)
    assert point.due(30.0) == 50.0
    point.failed(30.0)
    assert point.due(30.5) is None
    point.ask(100.0, 40.0)
    point.wrote(100.0, 40.0)
    assert point.due(999.0) is None


def test_a_counter_that_is_read_later_than_the_other_is_not_taken_for_zero() -> None:
    counter = EnergyCounter("import_export")
    counter.begin(10.0, None)
    counter.begin(11.0, 5.0)
    assert (counter.forward_kwh, counter.reverse_kwh) == (10.0, 5.0)
