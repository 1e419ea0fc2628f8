"""The demo as a program: it shows live values, fails with reasons, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import itertools
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.peers.process import find_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 240.0
PATIENCE = ("--limit", "200")
"""In place of the 90 s that a demo has alone: two start at once, and beside them whatever else is being tested."""
POLL_S = 0.1
TIMED_OUT = 124  # what timeout(1) exits with
SPOKEN = ("mosquitto", "dbus-daemon", "svscan", "mosquitto_pub", "dbus-send", "timeout")


class Demo:
    """A running demo. Its children are known by a variable that they inherit."""

    def __init__(self, *arguments: str) -> None:
        for program in SPOKEN:
            find_program(program)
        self.directory = Path(tempfile.mkdtemp(prefix="vd-"))  # short: it becomes part of a socket's path
        self.mark = f"VENUS_DEMO_TEST={uuid.uuid4()}"
        name, _, value = self.mark.partition("=")
        self.environment = {
            **os.environ,
            name: value,
            "TMPDIR": str(self.directory),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm",
        }
        self.command = [sys.executable, "-m", "simulators.demo", *arguments]

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def processes(self) -> list[int]:
        """Every process that carries the mark."""
        return [
            int(directory.name)
            for directory in Path("/proc").iterdir()
            if directory.name.isdigit() and self.mark.encode() in read(directory / "environ").split(b"\0")
        ]

    def has_left_nothing(self) -> bool:
        return not self.processes() and not list(self.directory.iterdir())

    def end(self) -> None:
        """Only a failed test leaves anything to end."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.directory)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended, or belongs to somebody else
        return b""


@contextmanager
def demo(*arguments: str) -> Iterator[Demo]:
    show = Demo(*arguments)
    try:
        yield show
    finally:
        show.end()


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, f"no {what} after {LIMIT_S:g} s"
        time.sleep(POLL_S)


@pytest.mark.slow
def test_two_demos_at_once_show_live_values_and_leave_nothing() -> None:
    with demo("--once", *PATIENCE) as first, demo("--once", *PATIENCE) as second:
        running = [first.start(), second.start()]
        for process in running:
            output, errors = process.communicate(timeout=LIMIT_S)
            assert process.returncode == 0, output + errors
            for kind in ("temperature.", "tank.", "gps.", "pvinverter."):
                assert f"\n{kind}" in output
        assert first.has_left_nothing()
        assert second.has_left_nothing()


@pytest.fixture
def silent_services(tmp_path: Path) -> Path:
    """A daemon that is up and says a word, but does nothing."""
    (tmp_path / "mqtt-devices/log").mkdir(parents=True)
    scripts = {
        "run": "echo one last word; exec sleep 1000",
        "log/run": 'exec multilog t "$VENUS_DAEMONS_LOG"/mqtt-devices',
    }
    for name, command in scripts.items():
        script = tmp_path / "mqtt-devices" / name
        script.write_text(f"#!/bin/sh\n{command}\n")
        script.chmod(0o755)
    return tmp_path


def test_a_silent_daemon_is_named_with_its_last_words(silent_services: Path) -> None:
    with demo("--once", "--limit", "2", "--services", str(silent_services)) as show:
        process = show.start()
        _, errors = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 1
        assert "mqtt-devices temperature: no live /Temperature" in errors
        assert "mqtt-devices is up" in errors
        assert "  one last word" in errors
        assert show.has_left_nothing()


def test_no_daemon_is_no_success(tmp_path: Path) -> None:
    with demo("--once", "--limit", "0", "--services", str(tmp_path)) as show:
        process = show.start()
        _, errors = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 1
        assert "holds no daemon" in errors
        assert show.has_left_nothing()


@pytest.mark.parametrize(
    ("number", "moment"),
    [(signal.SIGINT, 0.0), (signal.SIGTERM, 0.3), (signal.SIGHUP, 0.6), (signal.SIGINT, 1.2)],
)
def test_a_signal_at_any_moment_leaves_no_process(silent_services: Path, number: signal.Signals, moment: float) -> None:
    with demo("--services", str(silent_services)) as show:
        process = show.start()
        wait_for(lambda: len(show.processes()) > 1, "first part of the demo")
        time.sleep(moment)
        process.send_signal(number)
        process.send_signal(number)
        _, errors = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0, errors
        assert show.has_left_nothing(), errors


@pytest.mark.slow
def test_ctrl_c_in_a_terminal_ends_everything_and_gives_the_cursor_back() -> None:
    with demo() as show:
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(ROOT)
            os.execve(show.command[0], show.command, {**show.environment, "LINES": "50", "COLUMNS": "150"})  # noqa: S606
        picture = b""

        def look_for(text: bytes) -> bool:
            nonlocal picture
            if select.select([terminal], [], [], POLL_S)[0]:
                picture += os.read(terminal, 65536)
            return text in picture

        wait_for(lambda: look_for(b"temperature.mqtt_demo_temperature"), "temperature in the picture")
        wait_for(lambda: look_for(b"\x1b[7m"), "highlighted change")
        assert b"mosquitto_pub -p " in picture or b"POKE.txt" in picture
        os.write(terminal, b"\x03")
        wait_for(lambda: look_for(b"\x1b[?25h"), "cursor")
        wait_for(lambda: _drain(terminal), "end of the terminal")
        assert os.waitpid(pid, 0)[1] == 0
        assert show.has_left_nothing()


def _drain(terminal: int) -> bool:
    try:
        return not os.read(terminal, 65536)
    except OSError:  # EIO: the other side is closed
        return True


@pytest.mark.slow
def test_every_printed_command_works() -> None:
    with demo() as show:
        process = show.start()
        lines: list[str] = []
        reader = threading.Thread(target=collect, args=(process, lines), daemon=True)
        reader.start()
        wait_for(lambda: lines, "first line")
        directory = Path(lines[0].split()[3].rstrip("."))
        poke = directory / "POKE.txt"
        wait_for(lambda: b"CustomName" in read(poke), "tank to rename")
        for heading in ("switch", "rename", "read it", "register"):
            run_printed(poke, heading)
        wait_for(lambda: b"give your sensor" in read(poke), "sensor of our own")
        for heading in ("give your sensor", "wake", "stop a daemon"):
            run_printed(poke, heading)
        wait_for(lambda: any("My tank" in line for line in lines), "renamed tank")
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
        reader.join(LIMIT_S)
        assert show.has_left_nothing()


def collect(process: subprocess.Popen[str], lines: list[str]) -> None:
    """Read all along: a demo whose pipe is full waits."""
    for stream in (process.stdout, process.stderr):
        with stream or contextlib.nullcontext(()) as source:
            lines.extend(source)


def run_printed(poke: Path, heading: str) -> None:
    """Run the commands below a heading, as somebody who copies them would."""
    lines = poke.read_text().splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith(heading)) + 1
    commands = list(itertools.takewhile(lambda line: line.startswith("  "), lines[first:]))
    assert commands
    for line in commands:
        command = ["timeout", "2", "sh", "-c", line]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT_S)
        assert result.returncode in {0, TIMED_OUT}, f"{line}: {result.stderr}"
        assert not result.stderr, f"{line}: {result.stderr}"
