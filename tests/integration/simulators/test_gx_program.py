"""python -m simulators.gx: everything in one process, ended by a signal or by the end of its bus."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.peers.process import Peer, find_program

if TYPE_CHECKING:
    from tests.peers.dbus import DBusDaemon
    from tests.peers.mosquitto import Mosquitto

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 60.0


def gx(*arguments: str) -> Peer:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return Peer("gx", [sys.executable, "-m", "simulators.gx", *arguments], env=environment)


def test_it_serves_until_sigterm_and_keeps_the_settings(
    dbus_daemon: DBusDaemon, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.xml"
    arguments = ("--dbus", dbus_daemon.address, "--mqtt-port", str(mosquitto.port), "--settings", str(settings))
    with gx(*arguments, "--portal-id", "0123456789ab") as program:
        program.wait_output("is up on")
        add = ["/Settings", "com.victronenergy.Settings.AddSetting", "string:A", "string:B", "variant:int32:3"]
        limits = ["string:i", "variant:int32:0", "variant:int32:0"]
        send = [find_program("dbus-send"), f"--bus={dbus_daemon.address}", "--print-reply=literal"]
        subprocess.run([*send, "--dest=com.victronenergy.settings", *add, *limits], check=True, timeout=LIMIT_S)
        listen = [
            find_program("mosquitto_sub"),
            "-p",
            str(mosquitto.port),
            "-C",
            "1",
            "-W",
            "30",
            "-t",
            "N/+/system/0/#",
        ]
        retained = subprocess.run(listen, check=True, capture_output=True, text=True, timeout=LIMIT_S).stdout
        assert retained == '{"value":"0123456789ab"}\n'
        program.send(signal.SIGTERM)
        assert program.wait(LIMIT_S) == 0
    assert 'unique-id="0123456789ab"' in settings.read_text()
    assert ">3</B>" in settings.read_text()


def test_it_ends_with_its_bus(dbus_daemon: DBusDaemon) -> None:
    with gx("--dbus", dbus_daemon.address) as program:
        program.wait_output("is up on")
        dbus_daemon.kill()
        assert program.wait(LIMIT_S) == 1
        assert "simulated GX on unix:path=" in program.output


def test_a_second_one_on_a_bus_says_what_is_taken(dbus_daemon: DBusDaemon) -> None:
    with gx("--dbus", dbus_daemon.address) as first:
        first.wait_output("is up on")
        with gx("--dbus", dbus_daemon.address) as second:
            assert second.wait(LIMIT_S) == 1
            assert "com.victronenergy.settings is taken" in second.output


@pytest.mark.parametrize("arguments", [["--dbus", "unix:path=/nonexistent/bus"], ["--portal-id", "nonsense"]])
def test_wrong_arguments_end_it_with_a_reason(arguments: list[str]) -> None:
    with gx(*arguments) as program:
        assert program.wait(LIMIT_S) in {1, 2}
        assert "simulated GX on" in program.output or "12 hex digits" in program.output
        assert "Traceback" not in program.output
