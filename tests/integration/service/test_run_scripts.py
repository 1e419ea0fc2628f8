"""service/mqtt-devices under every shell it may meet, and under a real svscan."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.integration.service.suites import LIMIT_S, REPOSITORY, SERVICE, SHELLS, run_script
from tests.peers.process import find_program
from tests.peers.svscan import Svscan

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
