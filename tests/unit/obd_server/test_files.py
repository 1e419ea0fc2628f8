"""Everything that is read from files: definitions, rates, own PIDs, configuration, token, audit record, memory."""

from __future__ import annotations

import argparse
import asyncio
import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from daemonkit.errors import DaemonError, DefinitionError
from daemonkit.yamlfile import loads
from obd_server.audit import MAX_BYTES, write_record
from obd_server.config import Config, read_config
from obd_server.definition_file import load_rates, load_services
from obd_server.memory import Memory
from obd_server.own_pids import MAX_OWN, load_own
from obd_server.token_file import read_token

if TYPE_CHECKING:
    from obdio.table import Table


def test_the_services_load_and_keep_the_rules_of_venus() -> None:
    services = load_services()
    assert {key for key, service in services.items() if service.is_default} == {"tank", "temperature", "alternator"}
    types = {service.type for service in services.values()}
    assert not types & {"battery", "dcsource", "gps", "vebus"}
    for service in services.values():
        for path in service.paths:
            if path.path.startswith(("/Dc/0/Power", "/Dc/0/Current")):
                assert path.source is None
                assert path.constant is None


def test_every_command_of_services_and_rates_exists(table: Table) -> None:
    services = load_services().values()
    names = {name for service in services for name in (*service.needs, *service.commands)}
    for name in names | set(load_rates()) - {"default"}:
        assert table.find(name).name == name


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("type: tank", "tpye: tank", "is unknown"),
        ("needs: [FUEL_LEVEL]", "needs: []", "at least one command"),
        ("needs: [FUEL_LEVEL]", "needs: [1]", "list of texts"),
        ("{constant: 0, kind: int}", "{kind: int}", "needs one of"),
        ("{constant: 0, kind: int}", "{constant: [1]}", "number or text"),
        ("logic: level", "logic: depth", "one of"),
        ("kind: int", "kind: real", "one of"),
    ],
)
def test_a_wrong_definition_is_refused_with_its_place(tmp_path: Path, old: str, new: str, reason: str) -> None:
    text = (Path(load_services.__code__.co_filename).parent / "definitions/services.yml").read_text()
    assert old in text
    (tmp_path / "services.yml").write_text(text.replace(old, new, 1))
    with pytest.raises(DefinitionError, match=reason) as caught:
        load_services(tmp_path / "services.yml")
    assert "services.yml:" in str(caught.value)


OWN = """
GEARBOX_TEMP:
  description: Gearbox oil
  request: "221E1C"
  header: "7E1"
  bytes: 1
  formula: A - 40
  unit: celsius
  rate: 5
  path: /Gearbox/Temperature
"""


def test_own_pids_load(tmp_path: Path) -> None:
    path = tmp_path / "obd-pids.yml"
    assert load_own(path) == {}
    path.write_text(OWN)
    (pid,) = load_own(path).values()
    assert (pid.spec.name, pid.spec.request, pid.spec.header) == ("GEARBOX_TEMP", "221E1C", "7E1")
    assert pid.spec.formula is not None
    assert pid.spec.formula([130]) == 90
    assert (pid.path, pid.rate_s, pid.unit) == ("/Gearbox/Temperature", 5.0, "celsius")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"221E1C"', '"04"', "hexadecimal"),
        ('"221E1C"', '"0400"', "they read"),
        ('"221E1C"', '"3001FF"', "they read"),
        ('"221E1C"', '"2E1234"', "they read"),
        ('"221E1C"', '"ATSH7"', "hexadecimal"),
        ('"7E1"', '"7E1 ATZ"', "CAN identifier"),
        ("A - 40", "A - B", "uses 2 bytes of 1"),
        ("A - 40", "import os", "unexpected"),
        ("GEARBOX_TEMP", "gearbox", "capitals"),
        ("/Gearbox/Temperature", "Gearbox", "D-Bus path"),
        ("rate: 5", "rate: 0", "at least"),
        ("bytes: 1", "bytes: 99", "at most"),
        ("unit: celsius", "color: red", "is unknown"),
    ],
)
def test_a_wrong_own_pid_is_refused_with_its_place(tmp_path: Path, old: str, new: str, reason: str) -> None:
    path = tmp_path / "obd-pids.yml"
    path.write_text(OWN.replace(old, new))
    with pytest.raises(DefinitionError, match=reason):
        load_own(path)


def test_two_own_pids_on_one_path_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "obd-pids.yml"
    path.write_text(OWN + OWN.replace("GEARBOX_TEMP", "OTHER"))
    with pytest.raises(DefinitionError, match="another command's already"):
        load_own(path)


def test_own_pids_are_limited(tmp_path: Path) -> None:
    path = tmp_path / "obd-pids.yml"
    path.write_text("".join(OWN.replace("GEARBOX_TEMP", f"PID_{n}") for n in range(MAX_OWN + 1)))
    with pytest.raises(DefinitionError, match="at most 64"):
        load_own(path)


def config(text: str, **arguments: object) -> Config:
    given = argparse.Namespace(**{"port": None, "host": None, "listen_port": None, **arguments})
    return read_config(loads(text, "obd-server.yml"), given, load_services())


def test_without_a_file_it_is_secure_and_has_no_adapter() -> None:
    usual = config("")
    assert usual.adapter is None
    assert (usual.host, usual.port) == ("127.0.0.1", 48484)
    assert not usual.may_write
    assert not usual.may_clear
    assert usual.services == {"tank", "temperature", "alternator"}


def test_the_command_line_wins() -> None:
    text = "adapter: {port: /dev/ttyUSB0, protocol: '6', baudrate: 38400}\nlisten: {host: 0.0.0.0, port: 1}"
    usual = config(text)
    assert usual.adapter is not None
    assert (usual.adapter.port, usual.adapter.protocol, usual.host) == ("/dev/ttyUSB0", "6", "0.0.0.0")  # noqa: S104
    other = config(text, port="socket://10.0.0.1:35000", host="::1", listen_port=0)
    assert other.adapter is not None
    assert (other.adapter.port, other.host, other.port) == ("socket://10.0.0.1:35000", "::1", 0)


def test_clearing_needs_both_switches() -> None:
    assert not config("rights: {clear_dtc: true}").may_clear
    assert config("rights: {write: true, clear_dtc: true}").may_clear


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("adpater: {}", "is unknown"),
        ("adapter: {port: COM1}", "has to be a device"),
        ("adapter: {port: /dev/x, protocol: B}", "one of"),
        ("listen: {allowed_origins: ['*']}", "may not be"),
        ("services: {battery: true}", "is unknown"),
        ("services: {tank: 1}", "true or false"),
        ("battery_guard: {stop_below: 5}", "at least"),
        ("rates: {RPM: 0.001}", "at least"),
        ("rights: {write: yes}", "true or false"),
    ],
)
def test_a_wrong_configuration_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DefinitionError, match=reason):
        config(text)


def test_services_are_switched() -> None:
    assert config("services: {tank: false, ev: true}").services == {"temperature", "alternator", "ev"}


def test_the_token_is_made_once_and_only_for_root(tmp_path: Path) -> None:
    path = tmp_path / "conf/obd-server.token"
    token = read_token(path)
    assert len(token) >= 20
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert read_token(path) == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_token_that_a_full_disk_left_empty_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch()
    token = read_token(path)
    assert len(token) >= 20
    assert read_token(path) == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["short", "ü" * 30])
def test_a_weak_token_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(DaemonError, match="needs 16 or more"):
        read_token(path)


def test_records_are_appended_and_the_file_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "state/audit.jsonl"
    write_record(path, "clearing", "10.0.0.1", {"GET_DTC": []})
    write_record(path, "clearing", "10.0.0.2", {})
    assert [json.loads(line)["by"] for line in path.read_text().splitlines()] == ["10.0.0.1", "10.0.0.2"]
    path.write_text("x" * (MAX_BYTES + 1))
    write_record(path, "clearing", "10.0.0.3", {})
    assert len(path.read_text().splitlines()) == 1
    assert path.with_suffix(".old").stat().st_size > MAX_BYTES


def test_memory_is_written_rarely_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "state/obd-server.json"
    memory = Memory(path)
    memory.put("services", ["tank"])
    asyncio.run(memory.save(0.0))
    memory.put("services", ["tank", "ev"])
    asyncio.run(memory.save(10.0))
    assert Memory(path).get("services") == ["tank"]
    asyncio.run(memory.save(20.0, at_once=True))
    assert Memory(path).get("services") == ["tank", "ev"]
    path.write_text("[]")
    assert Memory(path).get("services") is None
