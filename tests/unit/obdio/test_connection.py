from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import pytest

from obdio.adapter import AdapterSettings
from obdio.connection import Connection
from obdio.driver import Sinks
from obdio.errors import Refused
from obdio.snapshot import Remembered
from obdio.worker import Worker, WorkerSettings
from simulators.obd.engine import Engine
from simulators.obd.terminal import ScriptedTerminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obdio.table import Table

pytestmark = pytest.mark.slow  # it waits for what an adapter takes its time for

LIMIT_S = 30.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def terminal() -> Iterator[ScriptedTerminal]:
    with ScriptedTerminal(Engine().answer) as found:
        yield found


@pytest.fixture
def connection(terminal: ScriptedTerminal) -> Iterator[Connection]:
    sinks = Sinks()
    settings = WorkerSettings(
        adapter=AdapterSettings(terminal.port), remembered=Remembered("6"), period_s=lambda _: 0.02
    )
    worker = Worker(settings, sinks)
    made = Connection(worker, lambda _: None)
    sinks.responses = made.receive
    worker.start()
    assert worker.first_try_done.wait(LIMIT_S)
    yield made
    worker.close()


def test_it_speaks_like_python_obd(connection: Connection, table: Table) -> None:
    assert connection.status() == "Car Connected"
    assert connection.is_connected()
    assert connection.port_name().startswith("/dev/pts/")
    assert (connection.protocol_id(), connection.protocol_name()) == ("6", "ISO 15765-4 (CAN 11/500)")
    assert connection.supports(table.find("RPM"))
    assert not connection.supports(table.find("MAF"))
    assert table.find("RPM") in connection.supported_commands
    assert connection.query(table.find("RPM")).is_null()


def test_every_method_of_python_obds_async_is_there(table: Table) -> None:
    methods = {name for name in dir(table.obd.Async) if not name.startswith("_")}
    assert {"watch", "query", "low_power", "test_cmd"} <= methods
    assert methods - set(dir(Connection)) == {"run"}  # the body of its thread, for nobody to call


def test_watched_values_reach_their_callbacks_until_unwatched(connection: Connection, table: Table) -> None:
    first: list[Any] = []
    second: list[Any] = []
    rpm = table.find("RPM")
    connection.watch(rpm, first.append)
    connection.watch(rpm, second.append)
    until(lambda: len(first) > 1 and len(second) > 1)
    assert connection.query(rpm).value.magnitude == 1726
    connection.unwatch(rpm, first.append)
    connection.unwatch_all()
    until(lambda: bool(connection.query(rpm).is_null()))  # and not the last value for ever
    until(lambda: connection.worker.drop("nobody").result(LIMIT_S) is None)
    count = len(second)
    time.sleep(0.2)
    assert len(second) == count


def test_pausing_pauses_and_resumes(connection: Connection, table: Table) -> None:
    got: list[Any] = []
    connection.watch(table.find("SPEED"), got.append)
    until(lambda: len(got) > 1)
    with connection.paused() as was_running:
        assert was_running
        until(lambda: not connection.running)
        count = len(got)
        time.sleep(0.2)
        assert len(got) == count
    until(lambda: len(got) > count)


def test_a_failing_callback_is_told_once_and_stops_nothing(
    connection: Connection, table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    got: list[Any] = []

    def fail(_: Any) -> None:
        raise ZeroDivisionError("of the user")

    with caplog.at_level(logging.ERROR):
        connection.watch(table.find("RPM"), fail)
        connection.watch(table.find("RPM"), got.append)
        until(lambda: len(got) > 3)
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_what_the_vehicle_does_not_have_is_watched_only_with_force(
    terminal: ScriptedTerminal, connection: Connection, table: Table
) -> None:
    maf, idle = table.find("MAF"), table.find("THROTTLE_POS")
    connection.watch(idle)
    connection.watch(maf, force=True)
    until(lambda: terminal.requests.count("0110") > 1)
    assert "0111" not in terminal.requests
    assert connection.is_connected()  # one command without an answer is no ignition switched off


def test_a_command_of_ones_own_is_polled_with_force(connection: Connection, table: Table) -> None:
    obd = table.obd
    own = obd.OBDCommand("LEVEL_RAW", "Fuel, raw", b"012F", 3, lambda messages: messages[0].data[2], obd.ECU.ENGINE)
    got: list[Any] = []
    connection.watch(own, got.append, force=True)
    connection.watch(own, got.append, force=True)
    until(lambda: len(got) > 1)
    assert {response.value for response in got} == {0x80}
    assert len({id(response) for response in got}) == len(got)  # the callback was given twice, and is called once


@pytest.mark.parametrize("request_", [b"04", b"0801", b"2F1234", b"ATMA"])
def test_a_command_that_acts_is_refused_also_with_force(
    terminal: ScriptedTerminal, connection: Connection, table: Table, request_: bytes
) -> None:
    obd = table.obd
    with pytest.raises(Refused, match="only read"):
        connection.watch(obd.OBDCommand("HARMLESS", "", request_, 0, obd.decoders.noop), force=True)
    assert request_.decode() not in terminal.requests


def test_low_power_leaves_the_adapter_alone_until_normal_power(
    terminal: ScriptedTerminal, connection: Connection, table: Table
) -> None:
    connection.watch(table.find("RPM"))
    until(lambda: not connection.query(table.find("RPM")).is_null())
    assert connection.low_power() == "Car Connected"
    until(lambda: connection.status() == "Not Connected")
    assert connection.query(table.find("RPM")).is_null()  # python-OBD would give the last value for ever
    assert "low power" in connection.snapshot.reason
    assert "ATLP" in terminal.requests
    terminal.requests.clear()
    time.sleep(0.5)
    assert terminal.requests == []
    connection.normal_power()
    until(lambda: connection.is_connected() and {"010C", "010C1"} & set(terminal.requests) != set())


def test_the_commands_of_the_vehicle_are_printed(connection: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    connection.print_commands()
    lines = capsys.readouterr().out.splitlines()
    assert any("010C" in line for line in lines)
    assert not any("b'04'" in line for line in lines)


def test_erasing_codes_cannot_be_watched(connection: Connection, table: Table) -> None:
    with pytest.raises(Refused):
        connection.watch(table.find("CLEAR_DTC"), force=True)


def test_close_forgets_values_and_reopen_brings_them_back(connection: Connection, table: Table) -> None:
    connection.watch(table.find("RPM"))
    until(lambda: not connection.query(table.find("RPM")).is_null())
    connection.close()
    until(lambda: connection.status() == "Not Connected")
    assert connection.port_name() == ""
    connection.reopen()
    until(lambda: not connection.query(table.find("RPM")).is_null())
