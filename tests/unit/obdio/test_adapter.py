from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from obdio.adapter import Adapter, AdapterSettings
from obdio.errors import LinkLost, Refused
from obdio.exchange import FAILURES_TO_GIVE_UP
from obdio.extra import CommandSpec
from obdio.formula import Formula
from obdio.link import LinkState
from obdio.table import Table, load
from simulators.obd.engine import Engine, frames
from simulators.obd.terminal import GarbageTerminal, ScriptedTerminal, SilentTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow  # it waits for what an adapter takes its time for


@contextmanager
def opened(table: Table, engine: Engine, protocol: str | None = "6") -> Iterator[tuple[Adapter, ScriptedTerminal]]:
    with ScriptedTerminal(engine.answer) as terminal:
        adapter = Adapter(AdapterSettings(terminal.port), table)
        try:
            result = adapter.open(protocol, None)
            assert result.state is LinkState.CAR, result
            terminal.requests.clear()
            yield adapter, terminal
        finally:
            adapter.close()


def test_values_are_decoded_and_the_supported_commands_known(table: Table) -> None:
    with ScriptedTerminal(Engine().answer) as terminal:
        adapter = Adapter(AdapterSettings(terminal.port), table)
        result = adapter.open("6", None)
        assert result.state is LinkState.CAR
        assert {"RPM", "SPEED", "FUEL_LEVEL", "CONTROL_MODULE_VOLTAGE"} <= result.supported
        assert not {"CLEAR_DTC", "MAF"} & result.supported
        assert adapter.protocol_id == "6"
        response, spoke = adapter.query(table.find("RPM"))
        assert spoke
        assert response.value.magnitude == 1726
        assert adapter.voltage_v() == 14.1
        adapter.close()
        assert adapter.protocol_id == ""


def test_port_that_may_not_be_had_stays_closed_and_says_why(table: Table) -> None:
    asked = []

    def refuse(port: str) -> None:
        asked.append(port)
        raise LinkLost(f"{port} is used by gps of Venus")

    with ScriptedTerminal(Engine().answer) as terminal:
        adapter = Adapter(AdapterSettings(terminal.port), table, refuse)
        result = adapter.open("6", None)
        assert (result.state, result.reason) == (LinkState.NO_PORT, f"{terminal.port} is used by gps of Venus")
        assert asked == [terminal.port]
        assert not terminal.requests
        assert not adapter.is_open


def test_a_refusal_is_never_a_value(table: Table) -> None:
    with opened(table, Engine(refused={"010C"})) as (adapter, _):
        response, spoke = adapter.query(table.find("RPM"))
    assert response.value is None
    assert spoke  # the vehicle is awake, it only has no such value


def test_the_answer_of_another_pid_is_never_a_value(table: Table) -> None:
    with opened(table, Engine(other={"010C": "7E803410D20"})) as (adapter, _):
        assert adapter.query(table.find("RPM"))[0].value is None


def test_a_vin_is_complete(table: Table) -> None:
    lines = frames(b"\x49\x02\x01WP0ZZZ99ZTS392120")
    with opened(table, Engine(other={"0902": lines})) as (adapter, _):
        assert bytes(adapter.query(table.find("VIN"))[0].value) == b"WP0ZZZ99ZTS392120"


@pytest.mark.parametrize("has_several", [True, False])
def test_several_values_come_in_one_request_when_the_vehicle_can(table: Table, *, has_several: bool) -> None:
    commands = [table.find(name) for name in ("RPM", "SPEED", "COOLANT_TEMP", "FUEL_LEVEL")]
    with opened(table, Engine(has_several=has_several)) as (adapter, terminal):
        for _ in range(FAILURES_TO_GIVE_UP + 1):
            responses, spoke = adapter.query_several(commands)
            assert spoke
            assert [round(response.value.magnitude) for response in responses] == [1726, 32, 83, 50]
        assert adapter.can_batch(commands) is has_several
        together = [request for request in terminal.requests if len(request) > 5]
        assert len(together) == (FAILURES_TO_GIVE_UP + 1 if has_several else FAILURES_TO_GIVE_UP)


@pytest.mark.parametrize("has_counts", [True, False])
def test_the_number_of_lines_is_told_only_to_adapters_that_understand_it(table: Table, *, has_counts: bool) -> None:
    with opened(table, Engine(has_counts=has_counts)) as (adapter, terminal):
        for _ in range(3):
            assert adapter.query(table.find("RPM"))[0].value.magnitude == 1726
        assert terminal.requests == (["010C", "010C1", "010C1"] if has_counts else ["010C", "010C1", "010C", "010C"])


def test_trouble_codes_are_erased_only_with_the_callers_word(table: Table) -> None:
    with opened(table, Engine(other={"04": "7E80144"})) as (adapter, terminal):
        with pytest.raises(Refused, match="only reads"):
            adapter.query(table.find("CLEAR_DTC"))
        assert "04" not in terminal.requests
        adapter.query(table.find("CLEAR_DTC"), clear=True)
        assert "04" in terminal.requests


def test_ignition_off_is_recognised(table: Table) -> None:
    with ScriptedTerminal(Engine(is_silent=True).answer) as terminal:
        adapter = Adapter(AdapterSettings(terminal.port), table)
        assert adapter.open("6", None).state is LinkState.IGNITION_OFF
        assert adapter.voltage_v() == 14.1  # the adapter still answers
        adapter.close()


def test_an_adapter_outside_a_vehicle_is_recognised(table: Table) -> None:
    with ScriptedTerminal(Engine(is_silent=True, voltage="0.4V").answer) as terminal:
        adapter = Adapter(AdapterSettings(terminal.port), table)
        assert adapter.open("6", None).state is LinkState.ADAPTER
        adapter.close()


@pytest.mark.parametrize("kind", [SilentTerminal, GarbageTerminal])
def test_what_is_no_adapter_costs_seconds_not_minutes(table: Table, kind: type[SilentTerminal]) -> None:
    with kind() as terminal:
        adapter = Adapter(AdapterSettings(terminal.port), table)
        begin = time.monotonic()
        result = adapter.open(None, None)
        assert result.state is LinkState.NO_PORT
        assert time.monotonic() - begin < 60
        assert "answer" in result.reason or "bytes" in result.reason or "ELM327" in result.reason


def test_a_missing_port_is_told_at_once(table: Table) -> None:
    result = Adapter(AdapterSettings("/dev/does-not-exist"), table).open(None, None)
    assert result.state is LinkState.NO_PORT


def test_an_adapter_that_falls_silent_is_a_lost_link_after_its_deadline(table: Table) -> None:
    engine = Engine()
    with ScriptedTerminal(lambda request: None if request.startswith("010D") else engine.answer(request)) as terminal:
        adapter = Adapter(AdapterSettings(terminal.port), table)
        assert adapter.open("6", None).state is LinkState.CAR
        begin = time.monotonic()
        with pytest.raises(LinkLost, match=r"no answer within 1\.0 s"):
            adapter.query(table.find("SPEED"))
        assert 0.9 < time.monotonic() - begin < 30
        with pytest.raises(LinkLost, match="closed"):
            adapter.query(table.find("SPEED"))


def test_an_unplugged_adapter_is_a_lost_link(table: Table) -> None:
    with ScriptedTerminal(Engine().answer) as terminal:
        adapter = Adapter(AdapterSettings(terminal.port), table)
        assert adapter.open("6", None).state is LinkState.CAR
        terminal.unplug()
        with pytest.raises(LinkLost):
            adapter.query(table.find("RPM"))


def test_a_freeze_frame_is_asked_by_its_number(table: Table) -> None:
    with opened(table, Engine(other={"020C00": "7E805420C000FA0"})) as (adapter, terminal):
        assert adapter.query(table.find("DTC_RPM"))[0].value.magnitude == 1000
        assert terminal.requests == ["020C00"]


def test_asking_the_adapter_says_nothing_about_the_vehicle(table: Table) -> None:
    with opened(table, Engine()) as (adapter, _):
        response, spoke = adapter.query(table.find("ELM_VOLTAGE"))
        assert response.value.magnitude == 14.1
        assert spoke is None


def test_another_units_header_is_set_for_its_command_only_and_forgotten_with_the_link() -> None:
    spec = CommandSpec("GEARBOX_TEMP", "Gearbox", "221E1C", 1, Formula("A - 40"), "celsius", "7E1")
    own = Table(load(), [spec])
    with opened(own, Engine(other={"221E1C": "7E904621E1C82"})) as (adapter, terminal):
        for name in ("RPM", "GEARBOX_TEMP", "GEARBOX_TEMP", "RPM"):
            adapter.query(own.find(name))
        assert terminal.requests == ["010C", "ATSH7E1", "221E1C", "221E1C", "ATSH7DF", "010C1"]
        adapter.query(own.find("GEARBOX_TEMP"))
        adapter.close()
        time.sleep(0.3)
        adapter.open("6", None)
        terminal.requests.clear()
        response, _ = adapter.query(own.find("GEARBOX_TEMP"))
        assert terminal.requests == ["ATSH7E1", "221E1C"]
        assert response.value.magnitude == 90


def test_a_line_that_lost_characters_costs_one_value_and_not_the_adapters_thread(table: Table) -> None:
    engine = Engine()
    with opened(table, engine) as (adapter, _):
        for cut in ("7E8011", "7E80", "5", "7E8014304\r7E8", "4860C010C1<AF8C4"):
            engine.other["010C"] = cut
            assert adapter.query(table.find("RPM"))[0].value is None
        del engine.other["010C"]
        assert adapter.query(table.find("RPM"))[0].value.magnitude == 1726
    with opened(table, Engine(other={"010C": "5\r18DAF110064100BE36A813\r7E8014344454647"})) as (adapter, _):
        assert adapter.query(table.find("RPM"))[0].value is None


def test_no_other_unit_answers_for_one_whose_address_the_adapter_refuses() -> None:
    own = Table(load(), [CommandSpec("GEARBOX_TEMP", "", "221E1C", 1, Formula("A - 40"), "celsius", "18DA18F1")])
    engine = Engine(other={"221E1C": "7E804621E1C5A"})
    answer = engine.answer
    engine.answer = lambda request: "?" if request == "ATSH18DA18F1" else answer(request)  # type: ignore[method-assign]
    with opened(own, engine) as (adapter, terminal):
        response, spoke = adapter.query(own.find("GEARBOX_TEMP"))
        assert (response.value, spoke) == (None, None)
        assert "221E1C" not in terminal.requests
        assert adapter.query(own.find("RPM"))[0].value.magnitude == 1726
