"""/data gets full at any moment of an upgrade: the old version stays as it is, or the new one is there as a whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simulators.peers.process import Peer
from tests.integration.install.archives import REPOSITORY
from tests.integration.install.fake_root import FakeRoot
from tests.integration.install.gx import need_root
from tests.integration.install.test_power_cut import USER, boot, slim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

DISK_KB = 24576
MANY = 1000
KEPT = ("enabled", "mqtt-devices.yml")
FULL_PAGES = 20  # from 9 free pages of 4 kB and 15 free inodes on everything goes well
FULL_INODES = 30
SAMPLE = 3
SERVICES = sorted(path.name for path in (REPOSITORY / "service").iterdir())


class SmallDisk(Peer):
    """Holds a mount namespace in which a directory is a small file system."""

    def __init__(self, place: Path) -> None:
        need_root()
        mount = f"mount -t tmpfs -o size={DISK_KB}k,nr_inodes=3000 disk {place} && echo mounted; exec sleep 100000"
        super().__init__("small disk", ["unshare", "--mount", "sh", "-c", mount])

    def is_ready(self) -> bool:
        return "mounted" in self.output


class CrampedRoot(FakeRoot):
    """A fake root whose /data is on the small disk; its paths lead into the namespace."""

    def __init__(self, path: Path, disk: SmallDisk) -> None:
        self._namespace = f"/proc/{disk.pid}/root"
        super().__init__(Path(f"{self._namespace}{path}"))
        self.prefix = ["nsenter", "-t", str(disk.pid), "--mount"]
        # What the preflight asks must not end it: the disk gets full afterwards.
        self._stub("df", "#!/bin/sh\necho Filesystem x\necho /dev/x 1 1 900000 1% /data\n")

    def seen(self, path: Path) -> str:
        return str(path).removeprefix(self._namespace)

    def fill(self, *, pages: int, inodes: int) -> None:
        """Leave so many free pages of 4 kB and inodes."""
        self.empty()
        filler = self.path / "data" / "filler"
        filler.mkdir()
        with (filler / "bytes").open("wb") as file:
            state = os.statvfs(filler)
            file.write(bytes((state.f_bavail - pages) * state.f_frsize))
        for number in range(os.statvfs(filler).f_favail - inodes):
            (filler / str(number)).touch()

    def empty(self) -> None:
        shutil.rmtree(self.path / "data" / "filler", ignore_errors=True)

    def state(self) -> dict[str, tuple[int, str]]:
        """What decides what runs, now and after a boot, and what the user has written: mode and content."""
        files = [self.rc, *(self.path / "data" / "conf").rglob("*"), *self.services.iterdir()]
        files += (self.suite() / "service").rglob("*")
        found = {}
        for file in files:
            if file.is_symlink() or file.is_file():
                content = str(file.readlink()) if file.is_symlink() else file.read_text()
                found[str(file)] = (file.lstat().st_mode, content)
        return found


@pytest.fixture
def root(tmp_path: Path, archives: Archives) -> Iterator[CrampedRoot]:
    """Version 1.0.0 installed with one daemon, without the configuration of the others; 2.0.0 unpacked."""
    data = tmp_path / "root" / "data"
    data.mkdir(parents=True)
    with SmallDisk(data) as disk:
        root = CrampedRoot(tmp_path / "root", disk)
        for version in ("1.0.0", "2.0.0"):
            slim(archives.unpack(version, root.drivers, suffix=""))
        root.write("data/rc.local", USER)
        root.rc.chmod(0o755)
        root.setup()
        forget_config(root)
        yield root


def forget_config(root: CrampedRoot) -> None:
    """Make the next setup.sh write as much as it ever does."""
    for path in root.config.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in KEPT:
            path.unlink()


def upgrade_on_a_full_disk(root: CrampedRoot, *, pages: int, inodes: int) -> bool:
    """Upgrade; say whether it worked. Either way everything is of one version."""
    before = root.state()
    root.fill(pages=pages, inodes=inodes)
    done = root.run("setup.sh", "--services", ",".join(SERVICES), version="2.0.0")
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
    wanted = "1.0.0" if done.returncode else "2.0.0"
    assert {path.parents[1].name for path in boot(root)} == {f"venus-daemons-{wanted}"}, told
    return done.returncode == 0


def is_complete(root: CrampedRoot, path: Path) -> bool:
    """Say whether what setup.sh has created is the whole file of the archive; it stays, and does no harm."""
    sources = (root.suite("2.0.0") / "daemons").rglob(path.name)
    return path.is_relative_to(root.config) and path.read_text() in {source.read_text() for source in sources}


@pytest.mark.long
def test_full_disk_leaves_the_old_version_whole(root: CrampedRoot, campaign: Callable[[int, int], int]) -> None:
    levels = [(pages, MANY) for pages in range(0, FULL_PAGES, FULL_PAGES // campaign(SAMPLE, FULL_PAGES))]
    levels += [(MANY, inodes) for inodes in range(0, FULL_INODES, FULL_INODES // campaign(SAMPLE, FULL_INODES))]
    outcomes = []
    for pages, inodes in levels:
        outcomes.append(upgrade_on_a_full_disk(root, pages=pages, inodes=inodes))
        root.setup("--services", "mqtt-devices")  # back
        forget_config(root)
    assert {True, False} == set(outcomes)
    assert upgrade_on_a_full_disk(root, pages=MANY, inodes=MANY)


@pytest.mark.parametrize("free", [1, 0])
def test_uninstall_works_on_a_full_disk(root: CrampedRoot, free: int) -> None:
    """It is what one tries first when the disk is full; what Python has compiled makes room where there is none."""
    compiled = root.suite() / "lib" / "__pycache__" / "module.cpython-312.pyc"
    compiled.parent.mkdir()
    compiled.write_bytes(bytes(4096))
    root.fill(pages=free, inodes=free)
    done = root.run("uninstall.sh", "--purge")
    assert done.returncode == 0, done.stdout + done.stderr
    assert root.rc.read_text() == USER
    assert not list(root.services.iterdir())
