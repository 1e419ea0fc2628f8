"""What a power cut after unpacking, or a broken download, leaves: setup.sh notices, uninstall.sh works while it can."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.archives import REPOSITORY
from tests.integration.install.fake_root import SHELLS, FakeRoot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.peer

USER = "#!/bin/sh\necho mine\n"
PAGE = 4096
PARTS = ["python.sh", *sorted(f"install/{path.name}" for path in (REPOSITORY / "bin" / "install").iterdir())]


def fill_with_nul(manifest: Path) -> None:
    manifest.write_bytes(bytes(manifest.stat().st_size))


def put_nul_into_the_middle(manifest: Path) -> None:
    content = manifest.read_bytes()
    manifest.write_bytes(content[:PAGE] + bytes(PAGE) + content[2 * PAGE :])


def write_garbage(manifest: Path) -> None:
    manifest.write_text("hello\n")


def cut_off(manifest: Path) -> None:
    manifest.write_bytes(b"".join(manifest.read_bytes().splitlines(keepends=True)[:20]))


def lose_last_line(manifest: Path) -> None:
    manifest.write_bytes(b"".join(manifest.read_bytes().splitlines(keepends=True)[:-1]))


def refuse(root: FakeRoot, interpreter: str) -> str:
    """Run setup.sh, which has to refuse and to change nothing; return what it says."""
    root.write("data/rc.local", USER)
    before = root.snapshot()
    env = root.busybox_environment() if "busybox" in interpreter else None
    done = root.run("setup.sh", interpreter=interpreter, env=env)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "not found" not in done.stderr
    assert root.snapshot() == before
    return done.stderr


@pytest.mark.parametrize("interpreter", SHELLS)
@pytest.mark.parametrize("spoil", [fill_with_nul, put_nul_into_the_middle, write_garbage, cut_off, lose_last_line])
def test_list_that_is_damaged_itself_vouches_for_nothing(
    fake_root: FakeRoot, interpreter: str, spoil: Callable[[Path], None]
) -> None:
    spoil(fake_root.suite() / "MANIFEST.sha256")
    (fake_root.suite() / "services.yml").write_text("")
    text = refuse(fake_root, interpreter)
    assert "files of this copy are missing or damaged: " in text
    assert f"cd {fake_root.drivers}; unzip -o" in text


@pytest.mark.parametrize("interpreter", SHELLS)
@pytest.mark.parametrize("part", PARTS)
def test_empty_part_is_noticed_before_it_is_used(fake_root: FakeRoot, interpreter: str, part: str) -> None:
    (fake_root.suite() / "bin" / part).write_text("")
    assert f"missing or damaged: bin/{part}" in refuse(fake_root, interpreter)


def test_copy_that_cannot_be_checked_is_refused(fake_root: FakeRoot) -> None:
    env = fake_root.busybox_environment()
    (fake_root.stubs.parent / "busybox" / "sha256sum").unlink()
    before = fake_root.snapshot()
    done = fake_root.run("setup.sh", env=env)
    assert done.returncode == 1
    assert "there is no sha256sum" in done.stderr
    assert fake_root.snapshot() == before


def lose_program(suite: Path) -> None:
    for name in ("vendor", "lib", "daemons"):
        shutil.rmtree(suite / name)


def lose_manifest(suite: Path) -> None:
    (suite / "MANIFEST.sha256").unlink()


def lose_manifest_and_services(suite: Path) -> None:
    fill_with_nul(suite / "MANIFEST.sha256")
    shutil.rmtree(suite / "service")


@pytest.mark.parametrize("interpreter", SHELLS)
@pytest.mark.parametrize("spoil", [lose_program, lose_manifest, lose_manifest_and_services])
def test_uninstall_needs_only_its_own_parts(
    fake_root: FakeRoot, interpreter: str, spoil: Callable[[Path], None]
) -> None:
    fake_root.write("data/rc.local", USER)
    fake_root.rc.chmod(0o755)
    fake_root.setup()
    spoil(fake_root.suite())
    env = fake_root.busybox_environment() if "busybox" in interpreter else None
    done = fake_root.run("uninstall.sh", interpreter=interpreter, env=env)
    assert done.returncode == 0, done.stderr
    assert fake_root.rc.read_text() == USER
    assert not list(fake_root.services.iterdir())
    assert not list(fake_root.drivers.iterdir())


@pytest.mark.parametrize("has_manifest", ["manifest", ""])
@pytest.mark.parametrize("part", ["report.sh", "rc_local.awk", "supervision.sh"])
def test_uninstall_without_one_of_its_parts_says_how_to_go_on(
    fake_root: FakeRoot, part: str, has_manifest: str
) -> None:
    fake_root.write("data/rc.local", USER)
    fake_root.setup()
    (fake_root.suite() / "bin" / "install" / part).write_bytes(b"")
    if not has_manifest:
        fill_with_nul(fake_root.suite() / "MANIFEST.sha256")
    before = fake_root.snapshot()
    done = fake_root.run("uninstall.sh")
    assert done.returncode == 1
    assert "nothing was removed" in done.stderr
    assert "Or by hand: " in done.stderr
    assert fake_root.snapshot() == before
