"""service/mqtt-devices under every shell it may meet, and under a real svscan."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.peers.process import find_program
from tests.peers.svscan import Svscan

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).parents[3]
GUINEA_PIG = REPOSITORY / "tests" / "integration" / "daemonkit" / "daemon_under_test.py"
SERVICE = "mqtt-devices"
SHELLS = ("dash", "bash", "busybox ash")
LIMIT_S = 60.0

pytestmark = pytest.mark.peer

# Stands for python3: says how it was called.
ECHO = """\
#!/bin/sh
[ "$1" != -V ] || { echo Python 3.12.1; exit; }
echo "arguments: $*"
echo "path: $PYTHONPATH"
echo "nosite=$PYTHONNOUSERSITE unbuffered=$PYTHONUNBUFFERED pid=$$"
echo "addresses: $(ulimit -v)"
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Make an installed suite whose mqtt_devices is the daemon of the daemonkit tests."""
    base = tmp_path / "suite"
    shutil.copytree(REPOSITORY / "service" / SERVICE, base / "service" / SERVICE)
    for name in ("bin/run-daemon", "bin/python.sh", "version"):
        (base / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, base / name)
    (base / "lib").symlink_to(REPOSITORY / "lib")
    package = base / "daemons" / "mqtt_devices"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text(GUINEA_PIG.read_text().replace("guinea-pig", SERVICE))
    return base


def run_script(script: Path, shell: Sequence[str], **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*shell, script.name],
        cwd=script.parent,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_run_becomes_python_with_our_paths_first(base: Path, tmp_path: Path, shell: str) -> None:
    program, *rest = shell.split()
    python = tmp_path / "echo"
    python.write_text(ECHO)
    python.chmod(0o755)
    (base / "vendor").mkdir()
    process = run_script(
        base / "service" / SERVICE / "run",
        [find_program(program), *rest],
        VENUS_DAEMONS_PYTHON=str(python),
        VENUS_DAEMONS_RUN=str(tmp_path / "run"),
        VENUS_DAEMONS_ARGS="-q 127.0.0.1 --mqtt-port 1884",
    )
    output, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert output.splitlines() == [
        f"*** starting mqtt-devices {(REPOSITORY / 'version').read_text().strip()} ***",
        "arguments: -s -P -m mqtt_devices -q 127.0.0.1 --mqtt-port 1884",
        f"path: {base}/vendor:{base}/lib:{base}/daemons",
        f"nosite=1 unbuffered=1 pid={process.pid}",  # exec all the way: a signal reaches Python
        f"addresses: {(100_000_000 if os.uname().machine.startswith('arm') else 400_000_000) // 1024}",
    ]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("remove", "python", "message"),
    [
        ("daemons/mqtt_devices", sys.executable, "{base}/bin/python.sh or {base}/daemons/mqtt_devices is missing"),
        ("bin/python.sh", sys.executable, "{base}/bin/python.sh or {base}/daemons/mqtt_devices is missing"),
        (None, "python-of-another-age", "there is no python-of-another-age: this needs Venus OS v3.60 or later"),
        (None, "{base}/old-python", "Python 3.8.13 is too old: this needs Python 3.11, which is in Venus OS v3.60"),
    ],
)
def test_what_only_a_person_can_mend_does_not_spin(
    base: Path, shell: str, remove: str | None, python: str, message: str
) -> None:
    write_python(base / "old-python", "echo Python 3.8.13")
    if remove:
        victim = base / remove
        shutil.rmtree(victim) if victim.is_dir() else victim.unlink()
    program, *rest = shell.split()
    process = run_script(
        base / "service" / SERVICE / "run",
        [find_program(program), *rest],
        VENUS_DAEMONS_PYTHON=python.format(base=base),
        VENUS_DAEMONS_RUN=str(base / "state"),
    )
    assert_says_and_sleeps(process, f"run-daemon: {message.format(base=base)}")


@pytest.mark.parametrize("shell", SHELLS)
def test_failing_before_the_daemon_begins_does_not_spin(base: Path, shell: str) -> None:
    """A file damaged by a power cut, or too little memory for the imports: daemonkit has no part in that."""
    (base / "daemons" / "mqtt_devices" / "__main__.py").write_text("import half_a_li")
    program, *rest = shell.split()

    def start() -> subprocess.Popen[str]:
        return run_script(
            base / "service" / SERVICE / "run",
            [find_program(program), *rest],
            VENUS_DAEMONS_PYTHON=sys.executable,
            VENUS_DAEMONS_RUN=str(base / "state"),
        )

    for attempt in range(2):  # after the pause it is tried again, as often as before
        for _ in range(3):
            output, _ = start().communicate(timeout=LIMIT_S)
            assert "No module named 'half_a_li'" in output, attempt
        assert_says_and_sleeps(start(), "run-daemon: mqtt-devices failed three times before it could begin")


def test_daemon_that_begins_is_not_slowed_down_by_its_script(base: Path) -> None:
    run = base / "state"
    run.mkdir()
    (run / f"{SERVICE}.unborn").write_text("..")
    process = run_script(
        base / "service" / SERVICE / "run",
        ["sh"],
        VENUS_DAEMONS_PYTHON=sys.executable,
        VENUS_DAEMONS_RUN=str(run),
        VENUS_DAEMONS_ARGS="--check",
    )
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert not (run / f"{SERVICE}.unborn").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_command_line_of_the_operator_says_that_python_is_too_old(base: Path, shell: str) -> None:
    """The firmware has gone back: that is found by whoever asks the doctor why nothing starts."""
    write_python(base / "old-python", "echo Python 3.8.13")
    program, *rest = shell.split()
    done = subprocess.run(
        [find_program(program), *rest, REPOSITORY / "bin" / "venus-daemons", "doctor"],
        check=False,
        capture_output=True,
        env={**os.environ, "VENUS_DAEMONS_PYTHON": str(base / "old-python")},
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Python 3.8.13 is too old" in done.stderr
    assert "Settings, Firmware, Online updates" in done.stderr


def write_python(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)


def assert_says_and_sleeps(process: subprocess.Popen[str], message: str) -> None:
    """See that a run script says why, and becomes a pause of a minute, which svc -d can end at once."""
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith(message)
        command = Path(f"/proc/{process.pid}/cmdline")
        until = time.monotonic() + LIMIT_S
        while not command.read_bytes().endswith(b"sleep\x0060\0"):
            assert process.poll() is None, "ended instead of waiting"
            assert time.monotonic() < until, "does not wait"
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def link_files(base: Path, services: Path) -> None:
    """Keep supervise's own files out of the suite, as demo and installer do: only the run files are links."""
    for name in ("run", "log/run"):
        target = services / SERVICE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(base / "service" / SERVICE / name)


def link_directory(base: Path, services: Path) -> None:
    (services / SERVICE).symlink_to(base / "service" / SERVICE)


@pytest.mark.parametrize("link", [link_files, link_directory])
def test_svscan_runs_logs_restarts_and_stops_the_daemon(base: Path, tmp_path: Path, link: object) -> None:
    assert callable(link)
    services = tmp_path / "services"
    services.mkdir()
    link(base, services)
    log = tmp_path / "log" / SERVICE / "current"
    env = {
        **os.environ,
        "VENUS_DAEMONS_PYTHON": sys.executable,
        "VENUS_DAEMONS_DATA": str(tmp_path / "data"),
        "VENUS_DAEMONS_RUN": str(tmp_path / "run"),
        "VENUS_DAEMONS_LOG": str(tmp_path / "log"),
    }

    def count(text: str) -> int:
        return log.read_text().count(text) if log.exists() else 0

    with Svscan(services, env=env) as svscan:
        svscan.wait_until(lambda: count("serving") == 1, "for the daemon", LIMIT_S)
        pid = svscan.wait_up(SERVICE)
        assert Path(f"/proc/{pid}/cmdline").read_text().split("\0")[1:5] == ["-s", "-P", "-m", "mqtt_devices"]
        svscan.control("-t", SERVICE)
        svscan.wait_until(lambda: count("serving") == 2, "for the restart", LIMIT_S)
        assert count("cleaned up") == 1
        svscan.control("-d", SERVICE)
        svscan.wait_until(lambda: count("cleaned up") == 2, "for the stop", LIMIT_S)
    lines = log.read_text().splitlines()
    assert all(line.startswith("@4000") for line in lines)
    assert lines[0].endswith(f"*** starting mqtt-devices {(REPOSITORY / 'version').read_text().strip()} ***")
    assert lines[-1].endswith(" INFO:daemonkit.daemon:stopped")


@pytest.mark.slow
def test_crash_loop_is_slowed_down(base: Path, tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.mkdir()
    link_files(base, services)
    env = {
        **os.environ,
        "VENUS_DAEMONS_PYTHON": sys.executable,
        "VENUS_DAEMONS_ARGS": "bug",
        "VENUS_DAEMONS_DATA": str(tmp_path / "data"),
        "VENUS_DAEMONS_RUN": str(tmp_path / "run"),
        "VENUS_DAEMONS_LOG": str(tmp_path / "log"),
    }
    log = tmp_path / "log" / SERVICE / "current"
    with Svscan(services, env=env) as svscan:
        svscan.wait_until(lambda: log.exists() and "exit in 5 s" in log.read_text(), "for the third failure", LIMIT_S)
    waits = [line.split("exit in ")[1] for line in log.read_text().splitlines() if "exit in " in line]
    assert waits == ["1 s", "2 s", "5 s"]
