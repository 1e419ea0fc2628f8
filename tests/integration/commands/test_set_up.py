"""bin/setup-env.sh on machines that lack something: programs are real where present, apt-get is a recording."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.peers.process import find_program

REPOSITORY = Path(__file__).parents[3]
LIMIT_S = 60.0

BASICS = ("cat", "cksum", "basename", "tr", "sort", "grep", "env", "dirname")
DEMO_PACKAGES = "daemontools dbus mosquitto mosquitto-clients"


class Machine:
    """A PATH with only some programs, an own `id` and, on Debian, an own `apt-get` that writes down its arguments."""

    def __init__(self, directory: Path, *, uid: int, has_apt: bool) -> None:
        self.programs = directory / "bin"
        self.programs.mkdir()
        self.record = directory / "apt.txt"
        for name in BASICS:
            (self.programs / name).symlink_to(find_program(name))
        self.add("id", f"echo {uid}")
        if has_apt:
            self.add("apt-get", f'echo "$@" >> {self.record}')

    def add(self, name: str, script: str = "exit 0") -> None:
        program = self.programs / name
        program.write_text(f"#!{shutil.which('dash') or '/bin/sh'}\n{script}\n")
        program.chmod(0o755)

    def run(self, shell: str, command: str) -> subprocess.CompletedProcess[str]:
        program, *rest = shell.split()
        # The script appends the directories of daemons to PATH: taken away again, so that only `programs` counts.
        script = f". bin/setup-env.sh; PATH={self.programs}; {command}"
        return subprocess.run(
            [find_program(program), *rest, "-c", script],
            cwd=REPOSITORY,
            env={**os.environ, "PATH": str(self.programs)},
            check=False,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox ash"])
def test_plain_user_is_told_the_exact_line(tmp_path: Path, shell: str) -> None:
    machine = Machine(tmp_path, uid=1000, has_apt=True)
    done = machine.run(shell, "ensure_system_parts demo")
    assert done.returncode == 1
    assert f"apt-get update && apt-get install -y --no-install-recommends {DEMO_PACKAGES}\n" in done.stderr
    assert not machine.record.exists()


def test_root_installs_only_what_is_missing(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=0, has_apt=True)
    for name in ("dbus-daemon", "dbus-send", "svscan"):
        machine.add(name)
    done = machine.run("dash", "ensure_system_parts demo")
    assert machine.record.read_text().splitlines() == [
        "update -q",
        "install -q -y --no-install-recommends mosquitto mosquitto-clients",
    ]
    assert done.returncode == 1
    assert "Still missing after installation: mosquitto mosquitto-clients" in done.stderr


def test_complete_machine_is_left_alone(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=0, has_apt=True)
    for name in ("dbus-daemon", "dbus-send", "svscan", "mosquitto", "mosquitto_pub"):
        machine.add(name)
    done = machine.run("dash", "ensure_system_parts demo")
    assert done.returncode == 0
    assert not machine.record.exists()


def test_other_systems_are_told_the_names(tmp_path: Path) -> None:
    done = Machine(tmp_path, uid=0, has_apt=False).run("dash", "ensure_system_parts demo")
    assert done.returncode == 1
    assert f"(names of the Debian packages): {DEMO_PACKAGES}" in done.stderr


def test_too_old_python_is_refused_by_name(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=0, has_apt=False)
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        machine.add(name, "exit 1")
    # The last resort is an absolute path, which this machine cannot hide.
    done = machine.run("dash", 'is_good_python() { case $1 in /*) return 1 ;; *) "$1" ;; esac; }; find_python')
    assert done.returncode == 1
    assert "No CPython 3.11 or later was found" in done.stderr


def test_pins_are_installed_again_only_when_they_changed(tmp_path: Path) -> None:
    copy = tmp_path / "repository"
    (copy / "bin").mkdir(parents=True)
    shutil.copy(REPOSITORY / "bin" / "setup-env.sh", copy / "bin")
    (copy / "requirements.txt").write_text("pin==1\n")
    log = tmp_path / "pip.txt"
    python = copy / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    python.chmod(0o755)

    def ensure() -> None:
        subprocess.run(
            ["sh", "-c", ". bin/setup-env.sh; ensure_venv requirements.txt"], cwd=copy, check=True, timeout=LIMIT_S
        )

    ensure()
    ensure()
    assert log.read_text().splitlines() == ["-m pip install -q --disable-pip-version-check -r requirements.txt"]
    (copy / "requirements.txt").write_text("pin==2\n")
    ensure()
    ensure()
    assert len(log.read_text().splitlines()) == 2
