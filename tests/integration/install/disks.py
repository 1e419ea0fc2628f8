"""File systems of their own for /data of a fake root: one that gets full, one that loses what was not written yet."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from simulators.peers.process import MissingProgramError, Peer, find_program
from tests.integration.install.fake_root import FakeRoot
from tests.integration.install.gx import need_root

SMALL_KB = 24576
FLASH_BYTES = 48 << 20


class Disk(Peer):
    """Holds a mount namespace in which a directory is another file system."""

    def __init__(self, place: Path, mount: str) -> None:
        need_root()
        command = f"mount {mount} {place} && echo mounted; exec sleep 100000"
        super().__init__("disk", ["unshare", "--mount", "sh", "-c", command])

    def is_ready(self) -> bool:
        return "mounted" in self.output

    def inside(self, path: Path) -> Path:
        """Return a path in the namespace as it is seen from outside."""
        return Path(f"/proc/{self.pid}/root{path}")


def small_disk(place: Path) -> Disk:
    return Disk(place, f"-t tmpfs -o size={SMALL_KB}k,nr_inodes=3000 disk")


def make_flash(image: Path) -> None:
    """Make the image of an ext4, which is what Venus has on /data.

    Raises:
        MissingProgramError: this machine cannot mount an image.
    """
    need_root()
    if subprocess.run([find_program("losetup"), "--find"], check=False, capture_output=True).returncode:
        raise MissingProgramError("a flash of its own needs a loop device: this machine has none (modprobe loop)")
    with image.open("wb") as file:
        file.truncate(FLASH_BYTES)
    subprocess.run([find_program("mkfs.ext4"), "-q", "-F", str(image)], check=True, capture_output=True)


def flash(place: Path, image: Path) -> Disk:
    return Disk(place, f"-o loop,noatime {image}")


class RootOnDisk(FakeRoot):
    """A fake root whose /data is on such a disk; its paths lead into the namespace."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._namespace = str(disk.inside(Path("/"))).rstrip("/")
        super().__init__(disk.inside(path))
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
        files += self.drivers.glob("*/service/**/*")
        found = {}
        for file in files:
            if file.is_symlink() or file.is_file():
                content = str(file.readlink()) if file.is_symlink() else file.read_text()
                found[str(file)] = (file.lstat().st_mode, content)
        return found
