"""What supervise would start again and again for nothing, the run scripts slow down; they say why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.service.suites import LIMIT_S, REPOSITORY, SERVICE, SHELLS, run_script, write_python
from tests.peers.process import find_program

pytestmark = pytest.mark.peer


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
@pytest.mark.parametrize("damage", ["gone", "empty", "zeros", "half", "not executable"])
def test_damaged_run_daemon_does_not_spin(base: Path, shell: str, damage: str) -> None:
    """What a power cut soon after unpacking leaves; or a file system that lost the bit."""
    script = base / "bin" / "run-daemon"
    content = script.read_bytes()
    if damage == "gone":
        script.unlink()
    elif damage == "not executable":
        script.chmod(0o644)
    else:
        script.write_bytes({"empty": b"", "zeros": bytes(len(content)), "half": content[: len(content) // 2]}[damage])
    program, *rest = shell.split()
    process = run_script(base / "service" / SERVICE / "run", [find_program(program), *rest])
    where = base / "service" / SERVICE / "../../bin/run-daemon"
    assert_says_and_sleeps(process, f"run-daemon: {where} is damaged or not executable: unpack the archive again")


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
