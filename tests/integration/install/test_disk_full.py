"""/data gets full at any moment: what ran stays as it is, or what shall run is there as a whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.archives import REPOSITORY
from tests.integration.install.disks import RootOnDisk, small_disk
from tests.integration.install.scenarios import EACH, USER, Scenario, boot, slim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

MANY = 1000
KEPT = ("enabled", "mqtt-devices.yml")
FULL_PAGES = 20  # from 9 free pages of 4 kB and 15 free inodes on everything goes well
FULL_INODES = 30
SAMPLE = 2
ALL = ("--services", ",".join(sorted(path.name for path in (REPOSITORY / "service").iterdir())))


@pytest.fixture
def root(tmp_path: Path, archives: Archives) -> Iterator[RootOnDisk]:
    """Versions 1.0.0 and 2.0.0 unpacked, on a disk that will be full."""
    data = tmp_path / "root" / "data"
    data.mkdir(parents=True)
    with small_disk(data) as disk:
        root = RootOnDisk(tmp_path / "root", disk)
        for version in ("1.0.0", "2.0.0"):
            slim(archives.unpack(version, root.drivers, suffix=""))
        root.write("data/rc.local", USER)
        root.rc.chmod(0o755)
        yield root


def forget_config(root: RootOnDisk) -> None:
    """Make the next setup.sh write as much as it ever does."""
    for path in root.config.iterdir() if root.config.exists() else ():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in KEPT:
            path.unlink()


def is_complete(root: RootOnDisk, path: Path) -> bool:
    """Say whether what setup.sh has created is the whole file of the archive; it stays, and does no harm."""
    sources = (root.suite("2.0.0") / "daemons").rglob(path.name)
    return path.is_relative_to(root.config) and path.read_text() in {source.read_text() for source in sources}


def run_on_a_full_disk(root: RootOnDisk, scenario: Scenario, *, pages: int, inodes: int) -> bool:
    """Say whether it worked. Either way everything is of one version."""
    before = root.state()
    root.fill(pages=pages, inodes=inodes)
    done = scenario.run(root, *(ALL if scenario.script == "setup.sh" else ()))
    told = f"{pages} pages, {inodes} inodes: {done.stdout}{done.stderr}"
    root.empty()
    left = [
        path for path in (root.path / "data").rglob("*") if "venus-daemons-new" in path.name or path.name[-4:] == ".new"
    ]
    assert not left, told
    if done.returncode:
        assert done.returncode == 1, told
        assert "FAILED: " in done.stderr, told
        assert "Traceback" not in done.stderr, told
        after = root.state()
        assert {path: after.get(path) for path in before} == before, told
        for path in set(after) - set(before):
            assert is_complete(root, Path(path)), told
    assert boot(root) == (scenario.before if done.returncode else scenario.after), told
    return done.returncode == 0


@EACH
@pytest.mark.long
def test_full_disk_leaves_everything_whole(
    root: RootOnDisk, tmp_path: Path, campaign: Callable[[int, int], int], scenario: Scenario
) -> None:
    scenario.prepare(root)
    forget_config(root)
    saved = tmp_path / "saved"
    shutil.copytree(root.path, saved, symlinks=True)

    def reset() -> None:
        for place in (root.path / "data", root.services):  # the mounted directory itself has to stay
            for path in place.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            shutil.copytree(saved / place.name, place, symlinks=True, dirs_exist_ok=True)

    levels = [(pages, MANY) for pages in range(0, FULL_PAGES, FULL_PAGES // campaign(SAMPLE, FULL_PAGES))]
    levels += [(MANY, inodes) for inodes in range(0, FULL_INODES, FULL_INODES // campaign(SAMPLE, FULL_INODES))]
    outcomes = set()
    for pages, inodes in [*levels, (MANY, MANY)]:
        reset()
        outcomes.add(run_on_a_full_disk(root, scenario, pages=pages, inodes=inodes))
    assert outcomes == {True, False} or scenario.script == "uninstall.sh"  # which makes room by itself
    assert True in outcomes


@pytest.mark.parametrize("free", [1, 0])
def test_uninstall_works_on_a_full_disk(root: RootOnDisk, free: int) -> None:
    """It is what one tries first when the disk is full; what Python has compiled makes room where there is none."""
    root.setup()
    compiled = root.suite() / "lib" / "__pycache__" / "module.cpython-312.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(bytes(4096))
    root.fill(pages=free, inodes=free)
    done = root.run("uninstall.sh", "--purge")
    assert done.returncode == 0, done.stdout + done.stderr
    assert root.rc.read_text() == USER
    assert not list(root.services.iterdir())
