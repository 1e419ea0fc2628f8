"""setup.sh on a fake root: what it changes, what it refuses, and that refusing changes nothing."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.archives import REPOSITORY
from tests.integration.install.fake_root import SHELLS, FakeRoot

if TYPE_CHECKING:
    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

LINE_1 = "ln -s /data/drivers/venus-daemons-1.0.0/service/mqtt-devices /service/mqtt-devices"
LINE_2 = LINE_1.replace("1.0.0", "2.0.0")


@pytest.mark.parametrize("interpreter", SHELLS)
def test_fresh_install_has_exactly_the_files_it_needs(full_root: FakeRoot, interpreter: str) -> None:
    before = full_root.snapshot()
    text = full_root.setup(interpreter=interpreter, VENUS_DAEMONS_PYTHON=sys.executable)
    services = sorted(path.name for path in (full_root.suite() / "service").iterdir())
    lines = [LINE_1.replace("mqtt-devices", name) for name in services]
    assert full_root.rc.read_text() == "#!/bin/sh\n" + "".join(f"{line}\n" for line in lines)
    assert stat.S_IMODE(full_root.rc.stat().st_mode) == 0o755
    for name in services:
        assert (full_root.services / name).resolve() == full_root.suite() / "service" / name
        run = full_root.suite() / "service" / name / "run"
        assert stat.S_IMODE(run.stat().st_mode) == 0o755
        assert (run.parent / "down").exists() == (name != "mqtt-devices")
    new = set(full_root.snapshot()) - set(before)
    config = {path for path in new if path.startswith("data/conf/venus-daemons/")}
    assert {"data/conf/venus-daemons/enabled", "data/conf/venus-daemons/mqtt-devices.yml"} <= config
    assert new - config == {"data/rc.local", *(f"service/{name}" for name in services)} | {
        path for path in new if path.endswith("/down")
    }
    assert not full_root.forbidden_calls()
    assert "rescan\n" in (full_root.stubs / "calls.log").read_text()
    for command in ("svstat /service/mqtt-devices", "svc -d", "tail -F /var/log", "uninstall.sh", "doctor"):
        assert command in text


def test_group_and_others_cannot_write_what_root_runs(fake_root: FakeRoot) -> None:
    for path in fake_root.suite().rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)  # as some unzip on a Windows-made archive leaves it
    assert fake_root.setup(interpreter="bash")
    writeable = [p for p in fake_root.suite().rglob("*") if not p.is_symlink() and p.stat().st_mode & 0o022]
    assert not [p for p in writeable if "__pycache__" not in p.parts]
    assert os.access(fake_root.suite() / "bin" / "venus-daemons", os.X_OK)


def test_mask_of_whoever_installs_opens_nothing(fake_root: FakeRoot) -> None:
    mask = os.umask(0)
    try:
        fake_root.setup()
    finally:
        os.umask(mask)
    for path in [fake_root.config, *fake_root.config.iterdir(), fake_root.rc]:
        assert not path.stat().st_mode & 0o022, path


def test_busybox_tools_alone_are_enough(full_root: FakeRoot) -> None:
    done = full_root.run("setup.sh", interpreter="busybox ash", env=full_root.busybox_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not found" not in done.stderr
    assert LINE_1 in full_root.rc.read_text()
    done = full_root.run("uninstall.sh", interpreter="busybox ash", env=full_root.busybox_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not found" not in done.stderr
    assert not full_root.rc.exists()


def test_places_for_files_of_the_user_are_made_once(full_root: FakeRoot) -> None:
    (full_root.config / "services.d").mkdir(parents=True)
    (full_root.config / "services.d" / "mine.yml").write_text("types: {}\n")
    full_root.setup()
    assert sorted(path.name for path in (full_root.config / "services.d").iterdir()) == ["mine.yml"]
    for name in ("mappings.d", "modbus.d"):
        assert [path.name for path in (full_root.config / name).iterdir()] == ["README.md"]
        (full_root.config / name / "README.md").unlink()
    full_root.setup()
    assert not list((full_root.config / "mappings.d").iterdir())


def test_second_run_changes_nothing(fake_root: FakeRoot) -> None:
    fake_root.setup()
    before = fake_root.snapshot()
    fake_root.setup()
    assert fake_root.snapshot() == before


def test_dry_run_changes_nothing(fake_root: FakeRoot) -> None:
    before = fake_root.snapshot()
    text = fake_root.setup("--dry-run")
    assert LINE_1 in text
    assert fake_root.snapshot() == before
    assert not (fake_root.path / "run" / "venus-daemons").exists()


def test_no_start_leaves_the_running_version_alone(fake_root: FakeRoot, archives: Archives) -> None:
    fake_root.setup()
    archives.unpack("2.0.0", fake_root.drivers)
    fake_root.setup("--no-start", version="2.0.0")
    assert fake_root.link("mqtt-devices") == str(fake_root.suite() / "service" / "mqtt-devices")
    assert LINE_2 in fake_root.rc.read_text().splitlines()
    assert "# " + LINE_1 in fake_root.rc.read_text().splitlines()


def test_upgrade_and_back_keep_configuration_and_name_the_way_back(fake_root: FakeRoot, archives: Archives) -> None:
    fake_root.setup()
    config = fake_root.config / "mqtt-devices.yml"
    config.write_text("max_devices: 9\n")
    archives.unpack("2.0.0", fake_root.drivers)
    text = fake_root.setup(version="2.0.0")
    assert f"the version before       {fake_root.suite('1.0.0')}/bin/setup.sh\n" in text
    assert fake_root.link("mqtt-devices") == str(fake_root.suite("2.0.0") / "service" / "mqtt-devices")
    assert config.read_text() == "max_devices: 9\n"
    fake_root.setup()
    lines = fake_root.rc.read_text().splitlines()
    assert LINE_1 in lines
    assert LINE_2 not in lines
    fake_root.setup(version="2.0.0")
    lines = fake_root.rc.read_text().splitlines()
    assert lines.count("# " + LINE_1) == 1  # going to and fro does not let the file grow


def test_failing_version_is_taken_back(fake_root: FakeRoot, archives: Archives) -> None:
    fake_root.write("data/rc.local", "#!/bin/bash\necho mine\n")
    fake_root.setup()
    before = {path: entry[2] for path, entry in fake_root.snapshot().items()}
    broken = archives.unpack("2.0.0", fake_root.drivers)
    (fake_root.stubs / "dies").write_text(f"{broken}/service/mqtt-devices\n")
    done = fake_root.run("setup.sh", version="2.0.0")
    assert done.returncode == 1
    assert "mqtt-devices does not stay up" in done.stderr
    assert "everything is as it was before" in done.stderr
    after = {path: entry[2] for path, entry in fake_root.snapshot().items()}
    assert {path: after.get(path) for path in before} == before
    assert fake_root.link("mqtt-devices") == str(fake_root.suite() / "service" / "mqtt-devices")


def test_failing_first_install_leaves_nothing(fake_root: FakeRoot) -> None:
    (fake_root.stubs / "dies").write_text(f"{fake_root.suite()}/service/mqtt-devices\n")
    done = fake_root.run("setup.sh")
    assert done.returncode == 1
    assert not fake_root.rc.exists()
    assert not list(fake_root.services.iterdir())
    assert not (fake_root.config / "enabled").exists()


def test_choice_is_remembered(fake_root: FakeRoot, archives: Archives) -> None:
    fake_root.setup("--disable", "mqtt-devices")
    down = fake_root.suite() / "service" / "mqtt-devices" / "down"
    assert down.exists()
    fake_root.setup()
    assert down.exists()
    archives.unpack("2.0.0", fake_root.drivers)
    fake_root.setup(version="2.0.0")
    assert (fake_root.suite("2.0.0") / "service" / "mqtt-devices" / "down").exists()
    fake_root.setup("--services", "mqtt-devices", version="2.0.0")
    assert not (fake_root.suite("2.0.0") / "service" / "mqtt-devices" / "down").exists()


def test_daemon_switched_on_by_hand_stays_on(full_root: FakeRoot, archives: Archives) -> None:
    """Removing the down file is what one does with daemontools; an upgrade must not undo it."""
    full_root.setup()
    others = [path.name for path in full_root.services.iterdir() if (path / "down").exists()]
    for name in others[:1]:
        (full_root.services / name / "down").unlink()
    archives.unpack("2.0.0", full_root.drivers, suffix="")
    full_root.setup(version="2.0.0")
    for name in others:
        down = full_root.suite("2.0.0") / "service" / name / "down"
        assert down.exists() == (name != others[0])


def test_enabling_that_fails_is_taken_back(full_root: FakeRoot) -> None:
    full_root.setup()
    others = [path.name for path in full_root.services.iterdir() if (path / "down").exists()]
    assert others, "every daemon of this version is enabled at first: nothing is left to enable"
    before = {path: entry[2] for path, entry in full_root.snapshot().items()}
    (full_root.stubs / "dies").write_text(f"{full_root.suite()}/service/{others[0]}\n")
    done = full_root.run("setup.sh", "--enable", others[0])
    assert done.returncode == 1
    assert f"{others[0]} does not stay up" in done.stderr
    assert {path: entry[2] for path, entry in full_root.snapshot().items()} == before


def test_older_versions_than_the_one_before_are_removed(fake_root: FakeRoot, archives: Archives) -> None:
    fake_root.setup()
    archives.unpack("2.0.0", fake_root.drivers)
    fake_root.setup(version="2.0.0")
    third = archives.unpack("2.0.0", fake_root.path / "elsewhere").rename(fake_root.suite("3.0.0"))
    fourth = fake_root.suite("4.0.0")  # unpacked, never installed
    shutil.copytree(third, fourth)
    fake_root.setup(version="3.0.0")
    assert sorted(path.name[-5:] for path in fake_root.drivers.iterdir()) == ["2.0.0", "3.0.0", "4.0.0"]


def test_example_in_the_repository_is_what_a_real_run_makes(full_root: FakeRoot) -> None:
    full_root.setup()
    services = {path.name for path in (REPOSITORY / "service").iterdir()}
    version = (REPOSITORY / "version").read_text().strip()
    example = (REPOSITORY / "rc.local.example").read_text().splitlines(keepends=True)
    expected = [line for line in example if line.startswith("#!") or line.split("/")[-1].strip() in services]
    assert full_root.rc.read_text().replace("1.0.0", version) == "".join(expected)
