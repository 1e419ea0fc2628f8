"""What is remembered over a restart, and how seldom it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modbus_client import house
from modbus_client.house import Memory

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SPEC = "tcp:meter:502:1"


def _again(path: Path) -> dict[str, dict[str, object]]:
    memory = Memory(path)
    memory.load()
    return memory.devices


def test_what_is_remembered_is_there_after_a_restart(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state.json")
    memory.remember(SPEC, ident="cg_1")
    memory.remember(SPEC, counters={"/Ac/Energy/Forward": 1.5})
    memory.save()
    assert _again(memory.path) == {SPEC: {"ident": "cg_1", "counters": {"/Ac/Energy/Forward": 1.5}}}


def test_another_device_in_the_same_place_has_no_past(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state.json")
    memory.remember(SPEC, energy={"forward_kwh": 1.0})
    memory.remember(SPEC, ident="cg_1")
    assert memory.devices[SPEC] == {"ident": "cg_1", "energy": {"forward_kwh": 1.0}}
    memory.remember(SPEC, ident="cg_2")
    assert memory.devices[SPEC] == {"ident": "cg_2"}


def test_damage_and_nothing_are_an_empty_memory(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert _again(path) == {}
    path.write_text('{"devices": [1]}')
    assert _again(path) == {}
    path.write_text('{"devices": {"tcp:meter:502:1": 7, "tcp:meter:502:2": {}}}')
    assert _again(path) == {"tcp:meter:502:2": {}}


def test_an_identity_is_due_at_once_and_energy_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("modbus_client.house.time.monotonic", lambda: now[0])
    memory = Memory(tmp_path / "state.json")
    memory.remember(SPEC, ident="cg_1")
    assert memory.is_due
    memory.write(memory.take())
    memory.remember(SPEC, ident="cg_1")  # nothing new
    assert not memory.is_due
    memory.remember(SPEC, energy={"forward_kwh": 1.0})
    assert not memory.is_due
    now[0] += house.SAVE_INTERVAL_S
    assert memory.is_due


def test_what_is_remembered_while_it_is_written_is_written_the_next_time(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state.json")
    memory.remember(SPEC, ident="cg_1")
    taken = memory.take()
    memory.remember("tcp:meter:502:2", ident="cg_2")
    memory.write(taken)
    assert _again(memory.path) == {SPEC: {"ident": "cg_1"}}
    assert memory.is_due
    memory.save()
    assert set(_again(memory.path)) == {SPEC, "tcp:meter:502:2"}


def test_what_could_not_be_written_is_due_again(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "state.json")
    memory.path.mkdir()  # a file cannot take its place
    memory.remember(SPEC, ident="cg_1")
    memory.write(memory.take())
    memory.path.rmdir()
    memory.save()
    assert _again(memory.path) == {SPEC: {"ident": "cg_1"}}
