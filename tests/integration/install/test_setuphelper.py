"""The suite as a package of SetupHelper, and in a directory of another name."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.install.archives import Archives
    from tests.integration.install.fake_root import FakeRoot

pytestmark = pytest.mark.peer

LINE_1 = "ln -s /data/drivers/venus-daemons-1.0.0/service/mqtt-devices /service/mqtt-devices"
LINE_2 = LINE_1.replace("1.0.0", "2.0.0")


class Package:
    """What PackageManager does: put a download to /data/VenusDaemons, and call its setup."""

    def __init__(self, root: FakeRoot, archives: Archives) -> None:
        self.root = root
        self.archives = archives
        self.place = root.path / "data" / "VenusDaemons"
        shutil.rmtree(root.suite())  # that of the fixture

    def unpack(self, version: str = "1.0.0") -> Path:
        shutil.rmtree(self.place, ignore_errors=True)
        return self.archives.unpack(version, self.root.path / "tmp").rename(self.place)

    def rebuild(self) -> None:
        """Make it another build of the same version."""
        changed = self.place / "CHANGELOG.md"
        changed.write_text(changed.read_text() + "Better.\n")
        listed = (self.place / "MANIFEST.sha256").read_text()
        old, new = (
            subprocess.run(["sha256sum", "CHANGELOG.md"], cwd=cwd, check=True, capture_output=True, text=True).stdout
            for cwd in (self.archives.unpack("1.0.0", self.root.path / "again"), self.place)
        )
        assert old in listed
        (self.place / "MANIFEST.sha256").write_text(listed.replace(old, new))

    def call(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        env = self.root.environment(VENUS_DAEMONS_ROOT=str(self.root.path), **env)
        command = ["bash", str(self.place / "setup"), *arguments]
        return subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=60)

    def must(self, *arguments: str) -> None:
        done = self.call(*arguments)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.fixture
def package(fake_root: FakeRoot, archives: Archives) -> Package:
    return Package(fake_root, archives)


def test_setuphelper_may_replace_its_copy_while_ours_runs(package: Package, fake_root: FakeRoot) -> None:
    package.unpack("1.0.0")
    package.must("install", "auto", "deferReboot", "deferGuiRestart")
    assert LINE_1 in fake_root.rc.read_text()
    package.unpack("2.0.0")
    package.must("reinstall", "auto")
    assert LINE_2 in fake_root.rc.read_text().splitlines()
    assert fake_root.link("mqtt-devices") == str(fake_root.suite("2.0.0") / "service" / "mqtt-devices")
    package.must("uninstall", "auto")
    assert package.place.exists()
    assert not fake_root.rc.exists()
    assert not list(fake_root.drivers.iterdir())


@pytest.mark.parametrize("fault", ["source code", "damaged"])
def test_bad_download_is_named_and_does_not_block_the_next(package: Package, fake_root: FakeRoot, fault: str) -> None:
    package.unpack()
    if fault == "damaged":
        (package.place / "services.yml").write_text("")
    else:
        shutil.rmtree(package.place / "vendor")
        (package.place / "MANIFEST.sha256").unlink()
    done = package.call("install", "auto")
    assert done.returncode == 1
    assert "the branch in gitHubInfo has to hold an unpacked archive" in done.stderr
    assert not fake_root.drivers.exists() or not list(fake_root.drivers.iterdir())
    package.unpack()
    package.must("install", "auto")
    assert LINE_1 in fake_root.rc.read_text()


def test_copy_that_cannot_run_here_is_removed_and_one_that_was_damaged_replaced(
    package: Package, fake_root: FakeRoot
) -> None:
    package.unpack()
    (fake_root.stubs / "old-python").write_text("#!/bin/sh\necho Python 3.8.13\n")
    (fake_root.stubs / "old-python").chmod(0o755)
    done = package.call("install", "auto", VENUS_DAEMONS_PYTHON="old-python")
    assert done.returncode == 1
    assert "Python 3.8.13 is too old" in done.stderr
    assert not list(fake_root.drivers.iterdir())
    package.archives.unpack("1.0.0", fake_root.drivers)
    (fake_root.suite() / "services.yml").write_text("")
    package.must("install", "auto")
    assert (fake_root.suite() / "services.yml").read_text()


def test_another_build_of_the_same_version_is_taken_but_never_under_a_running_daemon(
    package: Package, fake_root: FakeRoot
) -> None:
    package.unpack()
    package.must("install", "auto")
    package.rebuild()
    done = package.call("install", "auto")
    assert done.returncode == 1
    assert "uninstall the package first (configuration stays)" in done.stderr
    assert fake_root.link("mqtt-devices")
    package.must("uninstall", "auto")
    package.archives.unpack("1.0.0", fake_root.drivers)  # unpacked by hand, never started
    package.must("install", "auto")
    assert (fake_root.suite() / "CHANGELOG.md").read_text().endswith("Better.\n")
    assert LINE_1 in fake_root.rc.read_text()


def test_suite_may_live_in_any_directory_of_data(fake_root: FakeRoot) -> None:
    place = fake_root.suite().rename(fake_root.path / "data" / "VenusDaemons")
    command = ["bash", str(place / "bin" / "setup.sh"), "--root", str(fake_root.path)]
    subprocess.run(command, check=True, env=fake_root.environment(), capture_output=True, timeout=60)
    assert "ln -s /data/VenusDaemons/service/mqtt-devices /service/mqtt-devices" in fake_root.rc.read_text()
    command[1] = str(place / "bin" / "uninstall.sh")
    subprocess.run(command, check=True, env=fake_root.environment(), capture_output=True, timeout=60)
    assert place.exists()
    assert not fake_root.rc.exists()
