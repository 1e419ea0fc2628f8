"""A directory that stands for / of a GX: `setup.sh --root`. Supervision is played by stubs, all else is real.

The real supervision is tested in the fake GX (gx.py); here many cases have to run in little time.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.peers.process import find_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# On Venus sh is bash; the most particular one is tried every day.
SHELLS = ("busybox ash", *(pytest.param(name, marks=pytest.mark.only_long) for name in ("bash", "dash")))
LIMIT_S = 300.0

# Each is on a development machine; a call of one is a fault.
FORBIDDEN = ("mount", "umount", "opkg", "pip", "pip3", "wget", "curl", "reboot", "svscan", "killall", "pkill")

# What is linked below /service is up, unless it has a down file, or its name is in $STUBS/dies.
SUPERVISION = {
    "svstat": """\
#!/bin/sh
for link; do
    directory=$(readlink -f "$link"); name=${directory##*/}; mark=$STUBS/up.$(echo "$directory" | tr / _)
    if [ -e "$directory/down" ] || [ ! -e "$directory/run" ]; then echo "$link: down 5 seconds"; continue; fi
    pid=4242 uptime=9
    if grep -qs "^$directory\\$" "$STUBS/dies"; then pid=$(date +%N) uptime=0; fi
    : >"$mark"
    mkdir -p "$VENUS_DAEMONS_RUN"
    printf '{\\n "state": "running",\\n "pid": %s\\n}\\n' "$pid" >"$VENUS_DAEMONS_RUN/$name.json"
    echo "$link: up (pid $pid) $uptime seconds"
done
""",
    "svok": """\
#!/bin/sh
test -e "$STUBS/up.$(readlink -f "$1" | tr / _)"
""",
    "svc": """\
#!/bin/sh
echo "$*" >>"$STUBS/calls.log"
case $1 in -dx | -k) shift; for d; do rm -f "$STUBS/up.$(readlink -f "$d" | tr / _)"; done ;; esac
""",
    "svrescan": '#!/bin/sh\necho rescan >>"$STUBS/calls.log"\n',  # of Venus; the svscan of others dies of it
    "udevadm": '#!/bin/sh\necho "udevadm $*" >>"$STUBS/calls.log"\n',
    "sleep": "#!/bin/sh\n",
    "sync": "#!/bin/sh\n",  # would wait for all that others write on this machine; test_power_loss.py has the real one
}

# Of the busybox of Venus (1.36), what the scripts might use; ionice, timeout, install and the like are not there.
APPLETS = """\
[ awk basename cat chmod cmp cp cut date df dirname du echo expr false find fuser grep head hostname
id kill ln ls mkdir mktemp more mv nice printf ps pwd readlink realpath rm rmdir sed seq sha256sum
sleep sort stat sync tail tar tee test touch tr true uname uniq unzip vi wc which xargs"""


def fill_busybox(directory: Path) -> None:
    """Make a directory for PATH with the tools of Venus, and no others."""
    directory.mkdir()
    for name in APPLETS.split():
        (directory / name).symlink_to(find_program("busybox"))
    for name in ("sh", "bash"):
        (directory / name).symlink_to(find_program("bash"))
    (directory / "flock").symlink_to(find_program("flock"))  # Debian's busybox lacks it, that of Venus has it


class FakeRoot:
    """The directory, and how the scripts are run on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.prefix: list[str] = []
        """Of every command: what brings it to where the root is."""
        self.drivers = path / "data" / "drivers"
        self.services = path / "service"
        self.config = path / "data" / "conf" / "venus-daemons"
        self.rc = path / "data" / "rc.local"
        self.stubs = path.parent / "stubs"
        for directory in (self.drivers, self.services, path / "run", path / "var" / "log", self.stubs):
            directory.mkdir(parents=True)
        self.write("opt/victronenergy/version", "v3.70\n")
        self.write("etc/venus/machine", "einstein\n")
        for name in FORBIDDEN:
            self._stub(name, f'#!/bin/sh\necho "{name} $*" >>"$STUBS/forbidden"\nexit 1\n')
        # Stands for python3 where the daemons' own test, which takes a second, is not what is looked at.
        self._stub("quick-python", "#!/bin/sh\necho Python 3.12.1\n")
        for name, text in SUPERVISION.items():
            self._stub(name, text)

    def write(self, path: str, text: str | bytes) -> None:
        """Write a file of the root."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def seen(self, path: Path) -> str:
        """Return a path as the scripts see it."""
        return str(path)

    def suite(self, version: str = "1.0.0") -> Path:
        return self.drivers / f"venus-daemons-{version}"

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.stubs}:{os.environ['PATH']}",
            "STUBS": str(self.stubs),
            "VENUS_DAEMONS_PYTHON": "quick-python",
            "VENUS_DAEMONS_RUN": str(self.path / "run" / "venus-daemons"),
            "VENUS_DAEMONS_LOG": str(self.path / "var" / "log"),
            **more,
        }

    def busybox_environment(self) -> dict[str, str]:
        """An environment whose PATH has only what Venus has."""
        directory = self.stubs.parent / "busybox"
        if not directory.exists():
            fill_busybox(directory)
        return self.environment(PATH=f"{self.stubs}:{directory}")

    def run(
        self,
        script: str,
        *arguments: str,
        version: str = "1.0.0",
        interpreter: str = "bash",
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a script of bin/ on this root."""
        program, *rest = interpreter.split()
        command = [find_program(program), *rest, self.seen(self.suite(version) / "bin" / script)]
        return subprocess.run(
            [*self.prefix, *command, "--root", self.seen(self.path), *arguments],
            cwd=self.path,
            env=self.environment() if env is None else dict(env),
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )

    def setup(self, *arguments: str, version: str = "1.0.0", interpreter: str = "bash", **env: str) -> str:
        """Run setup.sh, which has to succeed; return what it says."""
        done = self.run("setup.sh", *arguments, version=version, interpreter=interpreter, env=self.environment(**env))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def link(self, name: str) -> str | None:
        link = self.services / name
        return str(link.readlink()) if link.is_symlink() else None

    def snapshot(self) -> dict[str, tuple[int, int, str]]:
        """Everything but /run, wherever it is: mode, modification time, content."""
        found = {}
        for path in sorted(self.path.rglob("*")):
            place = path.relative_to(self.path)
            if place.parts[0] == "run" or "__pycache__" in place.parts or (path.is_dir() and not path.is_symlink()):
                continue
            stat = path.lstat()
            content = str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(place)] = (stat.st_mode, stat.st_mtime_ns, content)
        return found

    def forbidden_calls(self) -> str:
        file = self.stubs / "forbidden"
        return file.read_text() if file.exists() else ""

    def _stub(self, name: str, text: str) -> None:
        file = self.stubs / name
        file.write_text(text)
        file.chmod(0o755)
