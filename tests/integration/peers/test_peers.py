"""The peers start for real, end with everything they started, and come back on the same address."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
from dbus_fast.aio import MessageBus

from tests.peers.dbus import DBusDaemon
from tests.peers.mosquitto import Mosquitto
from tests.peers.process import MissingProgramError, Peer, PeerError, find_program
from tests.peers.svscan import Svscan

pytestmark = pytest.mark.peer


def is_running(pid: int) -> bool:
    """Say whether a process runs; one that ended but was not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def connect(bus: DBusDaemon) -> MessageBus:
    return await MessageBus(bus_address=bus.address).connect()


async def wait_end(connection: MessageBus) -> None:
    end = connection.wait_for_disconnect()  # type: ignore[no-untyped-call] # dbus_fast leaves it without annotation
    await asyncio.wait_for(asyncio.gather(end, return_exceptions=True), 30)


async def test_dbus_daemon_serves_clients_again_after_restart(dbus_daemon: DBusDaemon) -> None:
    address = dbus_daemon.address
    first = await connect(dbus_daemon)
    pid = dbus_daemon.pid
    dbus_daemon.restart()
    await wait_end(first)
    second = await connect(dbus_daemon)
    assert dbus_daemon.address == address
    assert dbus_daemon.pid != pid
    assert second.unique_name
    second.disconnect()
    await wait_end(second)


async def test_dbus_daemon_can_be_an_async_context() -> None:
    async with DBusDaemon() as bus:
        pid = bus.pid
        (await connect(bus)).disconnect()
    assert not is_running(pid)
    assert not bus.directory.exists()


def test_mosquitto_keeps_its_port_over_a_restart(mosquitto: Mosquitto) -> None:
    port = mosquitto.port
    mosquitto.stop()
    with socket.socket() as probe:
        assert probe.connect_ex((mosquitto.host, port)) != 0
    mosquitto.start()
    assert mosquitto.port == port
    with socket.create_connection((mosquitto.host, port), timeout=30):
        pass


def test_two_brokers_run_side_by_side(mosquitto: Mosquitto) -> None:
    with Mosquitto() as other:
        assert other.port != mosquitto.port


def test_process_that_ignores_sigterm_and_its_child_are_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.peers.process.STOP_LIMIT_S", 0.2)
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); pid = os.fork();"
        "print('child', os.getpid(), flush=True) if pid == 0 else None; time.sleep(600)"
    )
    with Peer("stubborn", [sys.executable, "-c", code]) as peer:
        peer.wait_output("child")
        child = int(peer.output.split()[1])
        pid = peer.pid
    deadline = time.monotonic() + 30
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(pid)
    assert not is_running(child)


def test_failing_start_shows_what_the_program_said() -> None:
    with Peer("broken", [sys.executable, "-c", "raise SystemExit('no such luck')"]) as peer:
        with pytest.raises(PeerError, match="no such luck"):
            peer.wait_output("never printed")
        assert peer.wait() == 1


def test_missing_program_is_named() -> None:
    with pytest.raises(MissingProgramError, match="no-such-program-anywhere is not installed"):
        find_program("no-such-program-anywhere")


def write_service(directory: Path, name: str, script: str) -> None:
    (directory / name / "log").mkdir(parents=True)
    for path, text in ((directory / name / "run", script), (directory / name / "log" / "run", "exec cat >> log.txt")):
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)


def test_svscan_supervises_restarts_and_leaves_no_process(tmp_path: Path) -> None:
    write_service(tmp_path, "napping", "echo napping; exec sleep 600")
    with Svscan(tmp_path) as svscan:
        first = svscan.wait_up("napping")
        svscan.control("-t", "napping")
        svscan.wait_until(lambda: svscan.service_pid("napping") not in (None, first), "for the restart")
        second = svscan.wait_up("napping")
        os.kill(second, signal.SIGKILL)
        svscan.wait_until(lambda: svscan.service_pid("napping") not in (None, second), "for the second restart")
        svscan.control("-d", "napping")
        svscan.wait_until(lambda: svscan.service_pid("napping") is None, "for the service to be down")
        svscan.control("-u", "napping")
        last = svscan.wait_up("napping")
        svscan_pid = svscan.pid
        assert is_running(last)
    assert not is_running(last)
    assert not is_running(svscan_pid)
    assert (tmp_path / "napping" / "log" / "log.txt").read_text().startswith("napping\n")
