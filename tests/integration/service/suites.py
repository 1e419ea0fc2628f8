"""service/mqtt-devices as it is run in tests: with the daemon of the daemonkit tests in the place of mqtt_devices."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).parents[3]
GUINEA_PIG = REPOSITORY / "tests" / "integration" / "daemonkit" / "daemon_under_test.py"
SERVICE = "mqtt-devices"
SHELLS = ("dash", "bash", "busybox ash")
LIMIT_S = 60.0


def make_suite(base: Path) -> Path:
    """Make an installed suite, and return its directory."""
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


def write_python(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)
