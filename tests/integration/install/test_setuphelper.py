"""The suite as a package of SetupHelper, and in a directory of another name."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.install.archives import Archives
    from tests.integration.install.fake_root import FakeRoot

pytestmark = pytest.mark.peer

LINE_1 = "ln -s /data/drivers/venus-daemons-1.0.0/service/mqtt-devices /service/mqtt-devices"
LINE_2 = LINE_1.replace("1.0.0", "2.0.0")


def test_setuphelper_may_replace_its_copy_while_ours_runs(fake_root: FakeRoot, archives: Archives) -> None:
    package = fake_root.path / "data" / "VenusDaemons"

    def unpack(version: str) -> None:
        archives.unpack(version, fake_root.path / "tmp").rename(package)
        script = package / "setup"
        script.write_text(script.read_text().replace("options=()", f"options=(--root {fake_root.path})"))
        manifest = package / "MANIFEST.sha256"
        lines = [line for line in manifest.read_text().splitlines() if not line.endswith("  setup")]
        manifest.write_text("\n".join(lines) + "\n")

    def call(*arguments: str) -> None:
        command = ["bash", str(package / "setup"), *arguments]
        env = fake_root.environment()
        done = subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr

    shutil.rmtree(fake_root.suite())
    unpack("1.0.0")
    call("install", "auto", "deferReboot", "deferGuiRestart")
    assert LINE_1 in fake_root.rc.read_text()
    shutil.rmtree(package)
    unpack("2.0.0")
    call("reinstall", "auto")
    assert LINE_2 in fake_root.rc.read_text().splitlines()
    assert fake_root.link("mqtt-devices") == str(fake_root.suite("2.0.0") / "service" / "mqtt-devices")
    call("uninstall", "auto")
    assert package.exists()
    assert not fake_root.rc.exists()
    assert not list(fake_root.drivers.iterdir())


def test_suite_may_live_in_any_directory_of_data(fake_root: FakeRoot) -> None:
    place = fake_root.suite().rename(fake_root.path / "data" / "VenusDaemons")
    command = ["bash", str(place / "bin" / "setup.sh"), "--root", str(fake_root.path)]
    subprocess.run(command, check=True, env=fake_root.environment(), capture_output=True, timeout=60)
    assert "ln -s /data/VenusDaemons/service/mqtt-devices /service/mqtt-devices" in fake_root.rc.read_text()
    command[1] = str(place / "bin" / "uninstall.sh")
    subprocess.run(command, check=True, env=fake_root.environment(), capture_output=True, timeout=60)
    assert place.exists()
    assert not fake_root.rc.exists()
