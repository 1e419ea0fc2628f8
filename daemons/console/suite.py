"""The installed suite: where it is, which daemons it has, and what supervise, the kernel and they themselves say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.tai64 import split_label
from daemonkit.context import Paths

PROGRAM_LIMIT_S = 20.0  # svstat answers at once, or supervise hangs
LOG_TAIL_BYTES = 150_000  # all that multilog keeps
PROBLEM = re.compile(r"^(WARNING|ERROR|CRITICAL)[: ]|^run-daemon: |^\w*(Error|Exception): ")

_UP = re.compile(r": up \(pid (\d+)\) (\d+) seconds")
_DOWN = re.compile(r": down (\d+) seconds")


def run(*command: str) -> tuple[int, str]:
    """Run a program; return its exit code (127: there is none, 124: it hung) and what it said."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=PROGRAM_LIMIT_S)  # noqa: S603 (fixed programs)
    except FileNotFoundError:
        return 127, f"{command[0]} is not there"
    except subprocess.TimeoutExpired:
        return 124, f"{command[0]} does not answer"
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Supervised:
    """What supervise says."""

    is_up: bool
    pid: int | None
    for_s: int
    text: str


@dataclass(frozen=True, slots=True)
class Suite:
    """This copy of the suite on this device."""

    base: Path = field(default_factory=lambda: Path(__file__).resolve().parents[2])
    root: Path = field(default_factory=lambda: Path(os.environ.get("VENUS_DAEMONS_ROOT") or "/"))
    """For tests: what stands for /."""
    paths: Paths = field(default_factory=Paths.find)

    @property
    def services(self) -> Path:
        """Where svscan looks."""
        return self.root / "service"

    @property
    def tool(self) -> str:
        """What to type for this command line: it is in no PATH."""
        return f"{self.base}/bin/venus-daemons"

    @property
    def rc_local(self) -> Path:
        """The start script of the device's owner."""
        return self.paths.data / "rc.local"

    def daemons(self) -> list[str]:
        """Return the names of the daemons."""
        directory = self.base / "service"
        return sorted(path.name for path in directory.iterdir() if (path / "run").exists())

    def enabled(self) -> list[str]:
        """Return the names of the daemons that are meant to run."""
        return [name for name in self.daemons() if not (self.base / "service" / name / "down").exists()]

    def linked_elsewhere(self) -> Path | None:
        """Return the directory of another version, when that is the one that runs."""
        for name in self.daemons():
            linked = (self.services / name).resolve().parents[1]
            if linked != self.base and (linked / "bin" / "venus-daemons").exists():
                return linked
        return None

    @property
    def choice(self) -> Path:
        """Where setup.sh keeps which daemons run, for this version and all later ones."""
        return self.paths.config / "enabled"

    def chosen(self) -> list[str] | None:
        """Return the names in that file, None without one."""
        try:
            lines = self.choice.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return None
        return [name for line in lines for name in line.partition("#")[0].split()]

    def supervised(self, name: str) -> Supervised:
        """Ask supervise about a daemon."""
        _, text = run("svstat", str(self.services / name))
        if up := _UP.search(text):
            return Supervised(is_up=True, pid=int(up[1]), for_s=int(up[2]), text=text.strip())
        down = _DOWN.search(text)
        return Supervised(is_up=False, pid=None, for_s=int(down[1]) if down else 0, text=text.strip())

    def report(self, name: str) -> dict[str, Any]:
        """Return what a daemon says of itself; empty when it has not said anything since the boot."""
        try:
            report = json.loads((self.paths.run / f"{name}.json").read_text())
        except (OSError, ValueError):
            return {}
        return report if isinstance(report, dict) else {}

    def log_lines(self, name: str) -> list[str]:
        """Return the newest lines of a daemon's log, with their labels."""
        try:
            with (self.paths.log / name / "current").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
                return file.read().decode(errors="replace").splitlines()
        except OSError:
            return []

    def problems(self, name: str, *, last_s: float) -> list[tuple[float, str]]:
        """Return time and text of what went wrong in the last seconds, oldest first."""
        since = time.time() - last_s
        labelled = (split_label(line) for line in self.log_lines(name))
        return [(moment, text) for moment, text in labelled if moment and moment > since and PROBLEM.search(text)]

    def venus_version(self) -> str:
        """Return "v3.70", or "unknown"."""
        try:
            return (self.root / "opt/victronenergy/version").read_text().splitlines()[0]
        except (OSError, IndexError):
            return "unknown"

    def machine(self) -> str:
        """Return "einstein", "ccgx", ..., or "unknown"."""
        try:
            return (self.root / "etc/venus/machine").read_text().strip()
        except OSError:
            return "unknown"


def process_name(pid: int) -> str | None:
    """Return the program of a process as it was called, None when it has ended."""
    try:
        return Path(os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0])).name
    except OSError:
        return None


def resident_kb(pid: int) -> int | None:
    """Return the memory of a process, None when it has ended."""
    try:
        found = re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None
