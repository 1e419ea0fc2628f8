"""An rc.local, and the functions of bin/install on it, in one of the shells."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.integration.install.fake_root import fill_busybox
from tests.peers.process import find_program

REPOSITORY = Path(__file__).parents[3]
LIMIT_S = 60.0

NAMES = "mqtt-devices modbus-client"
TOP = "/data/drivers/venus-daemons-1.0"
OURS = "".join(f"ln -s {TOP}/service/{name} /service/{name}\n" for name in NAMES.split())
OLD = OURS.replace("-1.0/", "-0.9/")
OLD_COMMENTED = "".join(f"# {line}\n" for line in OLD.splitlines())
SH = "#!/bin/sh\n"
BASH = "#!/bin/bash\n"
USERS = "# my boat\n/opt/victronenergy/serial-starter/stop-tty.sh ttyUSB0\n  echo 'a  b' >/dev/null\n"
USER = BASH + USERS
DONE = BASH + OURS + USERS
FORMER = "ln -s /data/drivers/dbus-mqtt-devices-0.9.0/bin/service /service/dbus-mqtt-devices\n"
FORMER_HELP = "/data/drivers/dbus-mqtt-devices-0.9.0/bin/setup-dependencies.sh\n"
TAKEN = "# venus-daemons took over: "
FOREIGN = "ln -s /data/my-own/service /service/modbus-client\n"
STOCK = "ln -s /opt/victronenergy/service-templates/x /service/dbus-modbus-client\n"

PROGRAM = """
set -u
BASE={repository} ROOT= VENUS_DAEMONS_RUN={rc}.run
. "$BASE/bin/install/report.sh"; . "$BASE/bin/install/places.sh"
. "$BASE/bin/install/rc_local.sh"; . "$BASE/bin/install/former.sh"
RC={rc}; RC_BACKUP=$RC.venus-daemons-bak
"""
FORMER_EXPRESSIONS = (
    '"$(for n in $NAMES; do former_names $n; done | join_expressions)" '
    '"$(for n in $NAMES; do former_helpers $n; done | join_expressions)"'
)
INSTALL = 'rc_warn; rc_install "$NAMES" "$WANTED" ' + FORMER_EXPRESSIONS
REMOVE = 'rc_remove "$NAMES"'


class RcLocal:
    """A file, and the functions of bin/install on it, in one of the shells."""

    def __init__(self, directory: Path, shell: str) -> None:
        self.path = directory / "rc.local"
        self.backup = directory / "rc.local.venus-daemons-bak"
        self.stubs = directory / "stubs"
        """Programs that take the place of others."""
        self.shell = shell

    def write(self, content: str | bytes, mode: int = 0o755) -> None:
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.path.chmod(mode)

    def state(self) -> tuple[bytes | None, int]:
        """Return what the file holds (None: there is none) and its mode."""
        return (self.path.read_bytes(), self.path.stat().st_mode & 0o777) if self.path.exists() else (None, 0)

    def try_call(self, program: str, *, ours: str = OURS) -> subprocess.CompletedProcess[str]:
        name, *rest = self.shell.split()
        path = "/usr/sbin:/usr/bin:/sbin:/bin"
        if name == "busybox":
            tools = self.path.parent / "busybox"
            if not tools.exists():
                fill_busybox(tools)
            path = str(tools)
        return subprocess.run(
            [find_program(name), *rest, "-c", PROGRAM.format(repository=REPOSITORY, rc=self.path) + program],
            env={"PATH": f"{self.stubs}:{path}", "REAL": path, "NAMES": NAMES, "WANTED": ours.rstrip("\n")},
            check=False,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )

    def call(self, program: str, *, ours: str = OURS) -> str:
        done = self.try_call(program, ours=ours)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def install(self, ours: str = OURS) -> str:
        return self.call(INSTALL, ours=ours)

    def remove(self) -> str:
        return self.call(REMOVE)

    def boot(self) -> tuple[dict[str, str], str, int]:
        """Run it as a boot does; return what is linked below /service then, what the file printed, and its code."""
        services = self.path.parent / "service"
        services.mkdir()
        script = self.path.parent / "booted"
        script.write_bytes(re.sub(rb" /service/", f" {services}/".encode(), self.path.read_bytes()))
        name, *rest = self.shell.split()
        done = subprocess.run(
            [find_program(name), *rest, str(script)],
            cwd=self.path.parent,
            env={"PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            timeout=LIMIT_S,
        )
        links = {link.name: str(link.readlink()) for link in services.iterdir()}
        shutil.rmtree(services)
        return links, done.stdout.decode(errors="replace"), done.returncode
