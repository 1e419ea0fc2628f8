from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemonkit.errors import LinkLost
from modbus_client import port
from modbus_client.protocol.spec import parse_spec
from modbus_client.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path


def test_a_link_leads_to_its_tty(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB7").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB7")
    assert port.resolve(str(tmp_path / "by-id")) == tmp_path / "ttyUSB7"
    with pytest.raises(LinkLost, match="is the adapter plugged in"):
        port.resolve("ttyNOTTHERE")


@pytest.mark.parametrize(
    ("tty", "built_in"), [("ttyS0", True), ("/dev/ttyO2", True), ("ttyUSB0", False), ("pts/3", False)]
)
def test_ports_of_the_board_are_known(tty: str, built_in: bool) -> None:  # noqa: FBT001 - a column of the table
    assert port.is_built_in(tty) == built_in


async def test_serial_starter_is_asked_to_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tty, called = tmp_path / "ttyUSB7", tmp_path / "called"
    tty.touch()
    script = tmp_path / "stop-tty.sh"
    script.write_text(f'#!/bin/sh\necho "$1" > {called}\n')
    script.chmod(0o755)
    monkeypatch.setattr(port, "STOP_TTY", script)
    await port.stop_serial_starter(str(tty))
    assert called.read_text() == "ttyUSB7\n"
    monkeypatch.setattr(port, "STOP_TTY", tmp_path / "absent")
    await port.stop_serial_starter(str(tty))


async def test_what_is_no_tty_says_so(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB7").touch()
    endpoint = parse_spec(f"rtu:{tmp_path}/ttyUSB7:9600:1").endpoint()
    with pytest.raises(LinkLost, match="cannot be opened"):
        await port.open_port(endpoint, lambda: Wire(lambda _: None, lambda _: None))
