"""What people do with the scripts, for tests that disturb it: the state before, the command, what a boot may start."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.install.fake_root import FakeRoot

USER = "#!/bin/bash\necho mine\n"
FORMER = "dbus-mqtt-devices-0.9.0"
FORMER_LINES = (
    f"/data/drivers/{FORMER}/bin/setup-dependencies.sh\n"
    f"ln -s /data/drivers/{FORMER}/bin/service /service/dbus-mqtt-devices\n"
)
V1, V2 = "venus-daemons-1.0.0", "venus-daemons-2.0.0"


@dataclass(frozen=True)
class Scenario:
    """With 1.0.0 and 2.0.0 unpacked: `prepare`, then `script` of 2.0.0. A boot starts `before`, or `after`."""

    name: str
    prepare: Callable[[FakeRoot], object]
    script: str
    before: frozenset[str]
    after: frozenset[str]
    arguments: tuple[str, ...] = ()

    def run(self, root: FakeRoot, *more: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return root.run(self.script, *self.arguments, *more, version="2.0.0", env=env)


def add_former(root: FakeRoot) -> None:
    """Install the driver that users of mqtt-devices have today."""
    service = root.drivers / FORMER / "bin" / "service"
    service.mkdir(parents=True)
    (service / "run").write_text("#!/bin/sh\n")
    (root.services / "dbus-mqtt-devices").symlink_to(service)
    root.rc.write_text(USER + FORMER_LINES)


def install_both(root: FakeRoot) -> None:
    root.setup()
    root.setup(version="2.0.0")


NOTHING: frozenset[str] = frozenset()
SCENARIOS = (
    Scenario("first install", lambda _: None, "setup.sh", NOTHING, frozenset({V2})),
    Scenario("upgrade", lambda root: root.setup(), "setup.sh", frozenset({V1}), frozenset({V2})),
    Scenario("takeover", add_former, "setup.sh", frozenset({FORMER}), frozenset({V2})),
    Scenario("uninstall", install_both, "uninstall.sh", frozenset({V2}), NOTHING),
)
EACH = pytest.mark.parametrize("scenario", [pytest.param(scenario, id=scenario.name) for scenario in SCENARIOS])


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


def boot(root: FakeRoot) -> frozenset[str]:
    """Do what a boot does: link into an empty /service what rc.local says; return the directories of /data/drivers."""
    text = root.rc.read_text()
    assert text.startswith("#!/bin/")
    assert "echo mine\n" in text
    assert root.rc.stat().st_mode & 0o100
    subprocess.run(["sh", "-n", str(root.rc)], check=True)
    shutil.rmtree(root.services)
    root.services.mkdir()
    started = set()
    for target, name in re.findall(r"^ln -s (\S+) /service/(\S+)$", text, re.MULTILINE):
        directory = root.path / target.removeprefix("/")
        assert (directory / "run").exists(), f"{name} would start nothing"
        (root.services / name).symlink_to(directory)
        started.add(directory.relative_to(root.drivers).parts[0])
    return frozenset(started)
