"""What the flash holds when power is cut: a file written a moment ago is empty there, unless it was flushed."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.integration.install.disks import RootOnDisk, flash, make_flash
from tests.integration.install.scenarios import USER, slim
from tests.peers.process import find_program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.install.archives import Archives

pytestmark = pytest.mark.peer

# The first call of it is just after rc.local has got its new lines and the old version was stopped.
COPY_ONCE = '#!/bin/sh\n[ -e "$STUBS/copied" ] || {{ : >"$STUBS/copied"; cp {image} {copy}; }}\n'

# Others on this machine may flush everything as well, which hides what is missing: so also who did, and when, is noted.
NOTE_SYNC = '#!/bin/sh\n[ $# -gt 0 ] || grep -q {version} {rc} || : >"$STUBS/flushed"\nexec {sync} "$@"\n'


def started(data: Path) -> set[str]:
    """Return the versions that rc.local starts; each has to be whole."""
    text = (data / "rc.local").read_text()
    assert set(text.splitlines()) >= set(USER.splitlines())
    found = set()
    for target in re.findall(r"^ln -s /data(/\S+)/service/\S+ /service/\S+$", text, re.MULTILINE):
        suite = data / target.removeprefix("/")
        command = ["sha256sum", "--quiet", "--strict", "-c", "MANIFEST.sha256"]
        done = subprocess.run(command, cwd=suite, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        found.add(suite.name)
    return found


@pytest.mark.parametrize("version", [pytest.param("1.0.0", id="first install"), pytest.param("2.0.0", id="upgrade")])
def test_version_that_rc_local_starts_is_whole_on_the_flash(tmp_path: Path, archives: Archives, version: str) -> None:
    image, copy = tmp_path / "flash", tmp_path / "flash-after-the-cut"
    make_flash(image)
    data = tmp_path / "root" / "data"
    data.mkdir(parents=True)
    with flash(data, image) as disk:
        root = RootOnDisk(tmp_path / "root", disk)
        root._stub("sync", NOTE_SYNC.format(version=version, rc=root.seen(root.rc), sync=find_program("sync")))
        root.write("data/rc.local", USER)
        root.rc.chmod(0o755)
        if version == "2.0.0":
            slim(archives.unpack("1.0.0", root.drivers))
            root.setup()
        subprocess.run([*root.prefix, "sync"], check=True)
        (root.stubs / "flushed").unlink(missing_ok=True)
        root._stub("svrescan", COPY_ONCE.format(image=image, copy=copy))
        slim(archives.unpack(version, root.drivers))
        root.setup(version=version)
        assert (root.stubs / "flushed").exists()
    with flash(data, copy) as disk:
        assert started(disk.inside(data)) == {f"venus-daemons-{version}"}
