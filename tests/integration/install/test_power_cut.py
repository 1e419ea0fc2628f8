"""Power is cut at any command of setup.sh: the next boot starts a whole version, and setup.sh can be started again."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.fake_root import FakeRoot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

USER = "#!/bin/bash\necho mine\n"
SAMPLE = 6

# Bash runs the file that BASH_ENV names first, and the trap before each simple command, also in functions.
KILLER = """\
set -T
killer_count=0
trap 'killer_count=$((killer_count + 1)); [ $killer_count -ne ${KILL_AT:-0} ] || kill -9 $$' DEBUG
trap 'echo $killer_count >"$STUBS/count"' EXIT
"""


def slim(suite: Path) -> Path:
    """Leave of a suite what setup.sh itself touches, so that a hundred runs take little time."""
    for name in ("vendor", "lib"):
        shutil.rmtree(suite / name)
        (suite / name).mkdir()
    (suite / "vendor" / "a.py").write_text("a = 1\n")
    files = [
        path for path in sorted(suite.rglob("*")) if path.is_file() and path.name not in ("MANIFEST.sha256", "down")
    ]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(suite)}\n" for path in files]
    (suite / "MANIFEST.sha256").write_text("".join(lines))
    return suite


def boot(root: FakeRoot) -> list[Path]:
    """Do what a boot does: return the directories that rc.local links into an empty /service."""
    text = root.rc.read_text()
    assert text.startswith("#!/bin/")
    assert "echo mine\n" in text
    assert root.rc.stat().st_mode & 0o100
    subprocess.run(["sh", "-n", str(root.rc)], check=True)
    shutil.rmtree(root.services)
    root.services.mkdir()
    started = []
    for target, name in re.findall(r"^ln -s (\S+) /service/(\S+)$", text, re.MULTILINE):
        directory = root.path / target.removeprefix("/")
        assert (directory / "run").exists(), f"{name} would start nothing"
        (root.services / name).symlink_to(directory)
        started.append(directory)
    return started


def run(root: FakeRoot, kill_at: int) -> int:
    env = root.environment(BASH_ENV=str(root.stubs / "killer"), KILL_AT=str(kill_at))
    return root.run("setup.sh", version="2.0.0", env=env).returncode


@pytest.mark.long
def test_every_moment_is_good_for_a_power_cut(
    tmp_path: Path, archives: Archives, campaign: Callable[[int, int], int]
) -> None:
    root = FakeRoot(tmp_path / "root")
    for version in ("1.0.0", "2.0.0"):
        slim(archives.unpack(version, root.drivers))
    root.write("data/rc.local", USER)
    root.rc.chmod(0o755)
    (root.stubs / "killer").write_text(KILLER)
    root.setup()
    saved = tmp_path / "saved"
    shutil.copytree(root.path, saved, symlinks=True)

    def reset() -> None:
        shutil.rmtree(root.path)
        shutil.copytree(saved, root.path, symlinks=True)
        for mark in root.stubs.glob("up.*"):
            mark.unlink()

    assert run(root, 0) == 0
    commands = int((root.stubs / "count").read_text())
    assert commands > 100
    moments = campaign(SAMPLE, commands)
    booted = set()
    for number in range(moments):
        kill_at = 1 + number * (commands - 1) // max(1, moments - 1)
        reset()
        code = run(root, kill_at)
        assert code in (-signal.SIGKILL, 0), kill_at  # 0: within a subshell of the last command
        directories = boot(root)
        versions = {directory.parents[1].name for directory in directories}
        assert len(versions) == 1, f"after command {kill_at} of {commands}: {versions}"
        booted |= versions
        assert run(root, 0) == 0, kill_at
        assert {path.parents[1].name for path in boot(root)} == {"venus-daemons-2.0.0"}
        assert not list((root.path / "data").glob("rc.local.venus-daemons-new"))
    assert booted == {"venus-daemons-1.0.0", "venus-daemons-2.0.0"}
