from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from obdio.adapter import AdapterSettings
from obdio.driver import Sinks
from obdio.errors import NotConnected, Refused, UnknownCommand
from obdio.guard import GuardLimits
from obdio.link import LinkState
from obdio.snapshot import Remembered
from obdio.worker import MAX_REQUESTS, Worker, WorkerSettings
from simulators.obd.engine import Engine
from simulators.obd.terminal import ScriptedTerminal, SilentTerminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

pytestmark = pytest.mark.slow  # it waits for what an adapter takes its time for

LIMIT_S = 30.0


class Notes:
    """What a worker told."""

    def __init__(self) -> None:
        self.responses: list[Any] = []
        self.states: list[LinkState] = []
        self.remembered: list[Remembered] = []
        self.sinks = Sinks(self.responses.extend, lambda snapshot: self.states.append(snapshot.state), self._remember)

    def _remember(self, remembered: Remembered) -> None:
        self.remembered.append(remembered)

    def values(self, name: str) -> list[float]:
        return [
            response.value.magnitude
            for response in list(self.responses)
            if response.command.name == name and response.value is not None
        ]


def often(_: str) -> float:
    return 0.05


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@contextmanager
def working(port: str, guard: GuardLimits | None = None) -> Iterator[tuple[Worker, Notes]]:
    notes = Notes()
    settings = WorkerSettings(
        adapter=AdapterSettings(port), period_s=often, guard=guard, remembered=Remembered("6"), first_pause_s=0.1
    )
    worker = Worker(settings, notes.sinks)
    worker.start()
    try:
        yield worker, notes
    finally:
        worker.close()
        assert not any(thread.name == "obdio adapter" for thread in threading.enumerate())


def result(future: Future[Any]) -> Any:
    return future.result(LIMIT_S)


def test_it_connects_polls_what_is_wanted_and_stops_when_it_is_not() -> None:
    with ScriptedTerminal(Engine().answer) as terminal, working(terminal.port) as (worker, notes):
        until(lambda: worker.snapshot.state is LinkState.CAR)
        assert notes.responses == []
        result(worker.want("me", ["RPM", "SPEED"]))
        until(lambda: len(notes.values("RPM")) > 2 and len(notes.values("SPEED")) > 2)
        assert notes.values("RPM")[0] == 1726
        result(worker.drop("me"))
        count = len(notes.responses)
        time.sleep(0.3)
        assert len(notes.responses) == count
        assert worker.snapshot.status == "Car Connected"


def test_a_query_is_answered_between_polls() -> None:
    with ScriptedTerminal(Engine().answer) as terminal, working(terminal.port) as (worker, _):
        until(lambda: worker.snapshot.state is LinkState.CAR)
        assert result(worker.query("COOLANT_TEMP")).value.magnitude == 83
        with pytest.raises(UnknownCommand):
            result(worker.query("NOPE"))
        with pytest.raises(Refused):
            result(worker.query("CLEAR_DTC"))


def test_what_was_found_is_remembered_once() -> None:
    with ScriptedTerminal(Engine().answer) as terminal:
        notes = Notes()
        worker = Worker(WorkerSettings(adapter=AdapterSettings(terminal.port), period_s=often), notes.sinks)
        worker.start()
        until(lambda: worker.snapshot.state is LinkState.CAR)
        worker.close()
        assert [found.protocol for found in notes.remembered] == ["6"]


def test_ignition_off_and_on_again() -> None:
    engine = Engine()
    with ScriptedTerminal(engine.answer) as terminal, working(terminal.port) as (worker, notes):
        result(worker.want("me", ["RPM"]))
        until(lambda: bool(notes.values("RPM")))
        engine.is_silent = True
        until(lambda: worker.snapshot.state is LinkState.IGNITION_OFF)
        with pytest.raises(NotConnected, match="ignition off"):
            result(worker.query("RPM"))
        engine.is_silent = False
        count = len(notes.values("RPM"))
        until(lambda: len(notes.values("RPM")) > count)
        assert worker.snapshot.state is LinkState.CAR


def test_an_adapter_that_falls_silent_comes_back() -> None:
    engine = Engine()
    is_dead = threading.Event()
    with (
        ScriptedTerminal(lambda request: None if is_dead.is_set() else engine.answer(request)) as terminal,
        working(terminal.port) as (worker, notes),
    ):
        result(worker.want("me", ["RPM"]))
        until(lambda: bool(notes.values("RPM")))
        is_dead.set()
        until(lambda: worker.snapshot.state is LinkState.NO_PORT)
        is_dead.clear()
        count = len(notes.values("RPM"))
        until(lambda: len(notes.values("RPM")) > count)
        assert LinkState.NO_PORT in notes.states


def test_the_guard_ends_polling_and_the_alternator_starts_it_again() -> None:
    engine = Engine(voltage="12.4V")
    engine.values[0x0C] = b"\0\0"
    limits = GuardLimits(sleep_after_s=0.5, asleep_check_s=0.1)
    with ScriptedTerminal(engine.answer) as terminal, working(terminal.port, limits) as (worker, notes):
        result(worker.want("me", ["SPEED"]))
        until(lambda: worker.snapshot.state is LinkState.ASLEEP)
        time.sleep(0.1)
        terminal.requests.clear()
        until(lambda: len(terminal.requests) > 3)
        assert set(terminal.requests) == {"ATRV"}  # nothing reaches the vehicle
        engine.voltage = "14.2V"
        count = len(notes.values("SPEED"))
        until(lambda: len(notes.values("SPEED")) > count)
        assert worker.snapshot.state is LinkState.CAR


def test_below_the_hard_limit_even_a_clients_request_is_refused() -> None:
    engine = Engine(voltage="11.5V")
    engine.values[0x0C] = b"\0\0"
    limits = GuardLimits(stop_after_s=0.2, asleep_check_s=0.1)
    with ScriptedTerminal(engine.answer) as terminal, working(terminal.port, limits) as (worker, _):
        result(worker.want("me", ["SPEED"]))
        until(lambda: worker.snapshot.state is LinkState.ASLEEP)
        with pytest.raises(Refused, match=r"11\.5 V is below"):
            result(worker.query("SPEED"))


def test_codes_are_erased_only_with_the_engine_off() -> None:
    engine = Engine(other={"04": "7E80144"})
    with ScriptedTerminal(engine.answer) as terminal, working(terminal.port) as (worker, _):
        until(lambda: worker.snapshot.state is LinkState.CAR)
        with pytest.raises(Refused, match="the engine runs"):
            result(worker.clear_codes())
        assert "04" not in terminal.requests
        engine.values[0x0C] = b"\0\0"
        with pytest.raises(Refused, match="the vehicle moves"):  # a hybrid, driving on its battery
            result(worker.clear_codes())
        engine.refused.add("010D")
        with pytest.raises(Refused, match="SPEED is not known"):
            result(worker.clear_codes())
        assert "04" not in terminal.requests
        engine.refused.clear()
        engine.values[0x0D] = b"\0"
        result(worker.clear_codes())
        assert "04" in terminal.requests


def test_disconnect_stays_away_until_reconnect() -> None:
    with ScriptedTerminal(Engine().answer) as terminal, working(terminal.port) as (worker, _):
        until(lambda: worker.snapshot.state is LinkState.CAR)
        result(worker.disconnect())
        assert worker.snapshot.state is LinkState.CLOSED
        with pytest.raises(NotConnected):
            result(worker.query("RPM"))
        result(worker.reconnect())
        until(lambda: worker.snapshot.state is LinkState.CAR)


def test_closing_does_not_wait_for_a_silent_adapter() -> None:
    with SilentTerminal() as terminal:
        worker = Worker(WorkerSettings(adapter=AdapterSettings(terminal.port), period_s=often), Sinks())
        worker.start()
        time.sleep(0.2)
        begin = time.monotonic()
        worker.close()
        assert time.monotonic() - begin < 20


def test_requests_are_limited_and_refused_at_the_end() -> None:
    worker = Worker(WorkerSettings(adapter=AdapterSettings("/dev/does-not-exist"), period_s=often), Sinks())
    futures = [worker.query("RPM") for _ in range(MAX_REQUESTS + 1)]
    with pytest.raises(NotConnected, match="wait for the adapter already"):
        futures[-1].result(0)
    worker.close()
    worker.start()
    with pytest.raises(NotConnected):
        futures[0].result(LIMIT_S)


def test_one_command_without_an_answer_does_not_mean_ignition_off() -> None:
    engine = Engine()
    with ScriptedTerminal(engine.answer) as terminal, working(terminal.port) as (worker, notes):
        until(lambda: worker.snapshot.state is LinkState.CAR)
        del engine.values[0x0D]  # still listed as supported
        result(worker.want("me", ["SPEED"]))
        until(lambda: len([1 for response in notes.responses if response.command.name == "SPEED"]) > 20)
        assert worker.snapshot.state is LinkState.CAR
        assert LinkState.IGNITION_OFF not in notes.states


def test_reading_only_the_adapter_does_not_hide_a_silent_vehicle() -> None:
    engine = Engine()
    with ScriptedTerminal(engine.answer) as terminal, working(terminal.port) as (worker, _):
        until(lambda: worker.snapshot.state is LinkState.CAR)
        result(worker.want("me", ["RPM", "ELM_VOLTAGE"]))
        engine.is_silent = True
        until(lambda: worker.snapshot.state is LinkState.IGNITION_OFF)


def test_requests_without_end_do_not_keep_it_from_polling() -> None:
    with ScriptedTerminal(Engine().answer) as terminal, working(terminal.port) as (worker, notes):
        until(lambda: worker.snapshot.state is LinkState.CAR)
        worker.want("me", ["SPEED"])
        result([worker.submit(lambda _: time.sleep(0.05)) for _ in range(200)][100])
        assert len(notes.values("SPEED")) > 3
