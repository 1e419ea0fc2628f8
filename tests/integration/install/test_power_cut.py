"""Power is cut at any command of the scripts: a boot starts what ran, or what shall run, and the script can go on."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.fake_root import FakeRoot
from tests.integration.install.scenarios import EACH, USER, Scenario, boot, slim

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

SAMPLE = 4

# Bash runs the file that BASH_ENV names first, and the trap before each simple command, also in functions.
KILLER = """\
set -T
killer_count=0
trap 'killer_count=$((killer_count + 1)); [ $killer_count -ne ${KILL_AT:-0} ] || kill -9 $$' DEBUG
trap 'echo $killer_count >"$STUBS/count"' EXIT
"""


def run(root: FakeRoot, scenario: Scenario, kill_at: int) -> int:
    env = root.environment(BASH_ENV=str(root.stubs / "killer"), KILL_AT=str(kill_at))
    return scenario.run(root, env=env).returncode


@EACH
@pytest.mark.long
def test_every_moment_is_good_for_a_power_cut(
    tmp_path: Path, archives: Archives, campaign: Callable[[int, int], int], scenario: Scenario
) -> None:
    root = FakeRoot(tmp_path / "root")
    for version in ("1.0.0", "2.0.0"):
        slim(archives.unpack(version, root.drivers))
    root.write("data/rc.local", USER)
    root.rc.chmod(0o755)
    (root.stubs / "killer").write_text(KILLER)
    scenario.prepare(root)
    saved = tmp_path / "saved"
    shutil.copytree(root.path, saved, symlinks=True)

    def reset() -> None:
        shutil.rmtree(root.path)
        shutil.copytree(saved, root.path, symlinks=True)
        for mark in root.stubs.glob("up.*"):
            mark.unlink()

    assert run(root, scenario, 0) == 0
    commands = int((root.stubs / "count").read_text())
    assert commands > 100
    moments = campaign(SAMPLE, commands)
    booted = set()
    for number in range(moments):
        kill_at = 1 + number * (commands - 1) // max(1, moments - 1)
        reset()
        code = run(root, scenario, kill_at)
        assert code in (-signal.SIGKILL, 0), kill_at  # 0: within a subshell of the last command
        started = boot(root)
        assert started in (scenario.before, scenario.after), f"after command {kill_at} of {commands}: {started}"
        booted.add(started)
        if (root.suite("2.0.0") / "bin" / scenario.script).exists():  # what uninstall.sh removes last is itself
            assert run(root, scenario, 0) == 0, kill_at
        assert boot(root) == scenario.after
        assert not list((root.path / "data").glob("rc.local.venus-daemons-new"))
    assert booted == {scenario.before, scenario.after}
