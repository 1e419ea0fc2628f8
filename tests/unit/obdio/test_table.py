from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from obdio.errors import UnknownCommand
from obdio.extra import CommandSpec
from obdio.formula import Formula
from obdio.table import Table, load
from tests.peers.missing_stdlib import gx_environment

if TYPE_CHECKING:
    from pathlib import Path


def test_every_name_of_python_obd_and_ours_is_found(table: Table) -> None:
    for name in ("RPM", "ELM_VOLTAGE", "CLEAR_DTC", "ODOMETER", "GET_PERMANENT_DTC"):
        assert table.find(name).name == name


@pytest.mark.parametrize("name", ["rpm", "NOPE", "", None, 5, "__class__", ["RPM"]])
def test_an_unknown_name_is_refused_with_itself(table: Table, name: object) -> None:
    with pytest.raises(UnknownCommand) as caught:
        table.find(name)
    assert repr(name) in str(caught.value)


def test_only_reading_services_may_be_asked(table: Table) -> None:
    assert table.is_readable(table.find("RPM"))
    assert table.is_readable(table.find("ELM_VOLTAGE"))
    assert table.is_readable(table.find("GET_PERMANENT_DTC"))
    assert not table.is_readable(table.find("CLEAR_DTC"))


def test_own_commands_may_use_the_makers_reading_services_but_no_acting_ones() -> None:
    def own(request: str) -> Table:
        spec = CommandSpec("GEARBOX_TEMP", "Gearbox", request, 1, Formula("A - 40"), "celsius", "7E1")
        return Table(load(), [spec])

    reading, acting = own("221E1C"), own("300101")
    assert reading.is_readable(reading.find("GEARBOX_TEMP"))
    assert reading.find("GEARBOX_TEMP").header == b"7E1"
    assert not acting.is_readable(acting.find("GEARBOX_TEMP"))


def test_protocols_and_codes_are_listed(table: Table) -> None:
    assert [protocol.ELM_ID for protocol in table.protocols()] == list("123456789A")
    assert table.trouble_codes()["P0104"]


def test_the_unit_cache_is_kept_where_told(tmp_path: Path) -> None:
    code = f"from obdio.table import load; load({str(tmp_path)!r}); import pint; pint.UnitRegistry.__mro__"
    subprocess.run([sys.executable, "-c", code], env=gx_environment(), check=True, timeout=60)
    assert list(tmp_path.iterdir())


def test_importing_the_package_imports_neither_python_obd_nor_socketio() -> None:
    code = "import obdio, sys; obdio.dumps([1.5]); assert not {'obd', 'pint', 'socketio', 'serial'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], env=gx_environment(), check=True, timeout=60)


@pytest.mark.parametrize("content", [b"", b"\x80\x05\x95"])
def test_a_damaged_unit_cache_is_removed_and_what_else_is_there_stays(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notes.pickle").write_bytes(b"kept")
    code = f"from obdio.table import load; assert load({str(tmp_path)!r}).commands.RPM.mode == 1"
    sizes = []
    for _ in range(4):  # whole, damaged, without, whole again
        subprocess.run([sys.executable, "-c", code], env=gx_environment(), check=True, timeout=60)
        cached = sorted(tmp_path.glob("?" * 40 + ".pickle"))
        sizes.append(sum(file.stat().st_size for file in cached) > 1000)
        if len(sizes) == 1:
            for file in cached:
                file.write_bytes(content)
    assert sizes == [True, False, True, True]
    assert (tmp_path / "notes.pickle").read_bytes() == b"kept"


def test_an_own_command_does_not_stand_in_for_one_that_there_is(caplog: pytest.LogCaptureFixture) -> None:
    def own(name: str) -> CommandSpec:
        return CommandSpec(name, "", "0105", 1, Formula("0"), "")

    table = Table(load(), [own("RPM"), own("CLEAR_DTC"), own("ODOMETER"), own("MINE")])
    assert table.find("RPM").command == b"010C"
    assert table.find("ODOMETER").command == b"01A6"
    assert table.own_names == {"MINE"}
    assert caplog.text.count("choose another") == 3
