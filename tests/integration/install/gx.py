"""A GX in namespaces of its own: its root is read-only, its Python lacks modules, its supervision is real.

Nothing outside is touched, nothing outside can be reached, and everything ends with the first process of the namespace.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulators.peers.dbus import CONFIGURATION as BUS_CONFIGURATION
from simulators.peers.process import MissingProgramError, Peer, PeerError, find_program
from tests.integration.install.fake_root import APPLETS
from tests.integration.install.pythons import write_python

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
LIMIT_S = 300.0
DATA_KB = 65536  # holds two versions of the whole suite, the room that has to stay free, and little more
CCGX_DATA_KB = 29032
EVENT_LIMIT_S = 120.0
POLL_S = 0.2

# What Venus has besides busybox. nice and flock are applets there, which Debian's busybox lacks.
PROGRAMS = (
    "bash",
    "flock",
    "nice",
    "svscan",
    "supervise",
    "svc",
    "svok",
    "svstat",
    "multilog",
    "softlimit",
    "tai64nlocal",
)

MOSQUITTO = "user root\nlistener 1883 127.0.0.1\nallow_anonymous true\npersistence false\n"

# Runs as the boot of Venus does, as far as we meet it.
BOOT = """
cp -a /opt/victronenergy/service/. /service/
mkdir -p /run/dbus
setsid /usr/bin/dbus-daemon --config-file=/gx/bus.conf --nofork --nopidfile >/tmp/dbus.log 2>&1 &
setsid {mosquitto} -c /gx/mosquitto.conf >/tmp/mosquitto.log 2>&1 &
setsid svscan /service >/tmp/svscan.log 2>&1 &
[ ! -x /data/rc.local ] || /data/rc.local >/tmp/rc.local.log 2>&1
"""


def need_root() -> None:
    """Raise MissingProgramError for a plain user: then the test is skipped, or in bin/test fails, as without a peer."""
    if os.geteuid():
        raise MissingProgramError("a root of one's own needs mount and chroot: run this as root (sudo ./bin/test)")


class Gx(Peer):
    """The namespace, up but not booted. `with Gx() as gx: gx.boot()`."""

    def __init__(self, pythons: dict[str, Path], *, data_kb: int = DATA_KB) -> None:
        need_root()
        for program in ("unshare", "nsenter", "chroot", "busybox", *PROGRAMS):
            find_program(program)
        super().__init__("fake GX")
        self.pythons = pythons
        files = self.directory / "files"
        files.mkdir()
        (files / "bus.conf").write_text(BUS_CONFIGURATION.format(socket="/run/dbus/system_bus_socket"))
        (files / "mosquitto.conf").write_text(MOSQUITTO)
        extra = "addgroup clear dd env expr ifconfig logger setsid sleep start-stop-daemon test wget"
        (files / "applets").write_text("".join(f"{name}\n" for name in sorted({*APPLETS.split(), *extra.split()})))
        (files / "programs").write_text("".join(f"{name}\n" for name in PROGRAMS))
        shutil.copy(HERE / "gx_firmware.sh", files / "firmware.sh")
        for version, executable in pythons.items():
            write_python(files / f"python-{version}", version, executable)
        prefix = os.path.commonpath([str(executable.parents[1]) for executable in pythons.values()])
        (self.directory / "root").mkdir()
        self.command = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh"]
        self.command += [str(HERE / "gx_root.sh"), str(self.directory / "root"), str(files), prefix, str(data_kb)]
        self.python = next(iter(pythons))
        self.typed: dict[str, str] = {}
        """What was typed to install, and what it said (installed.py)."""
        self._simulators: Peer | None = None

    def is_ready(self) -> bool:
        return "ready\n" in self.output and "chroot" not in self._init_command()

    def _init(self) -> int:
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()[0])

    def _init_command(self) -> str:
        return Path(f"/proc/{self._init()}/cmdline").read_text()

    @property
    def root(self) -> Path:
        """The root of the GX as seen from here."""
        return Path(f"/proc/{self._init()}/root")

    @property
    def bus(self) -> str:
        return f"unix:path={self.root}/run/dbus/system_bus_socket"

    def in_network(self, *command: str) -> list[str]:
        """Return a command that runs outside, but reaches the network of the GX."""
        return ["nsenter", "-t", str(self._init()), "--net", *command]

    def shell(self, script: str, *, check: bool = True, limit_s: float = LIMIT_S) -> str:
        """Run a script as root of the GX would, in its login shell; return what it says."""
        command = ["nsenter", "-t", str(self._init()), "--mount", "--pid", "--net", "--root", f"--wd={self.root}/data"]
        command = [*command, *("/bin/env", "-i", "PATH=/gx/python/bin:/bin", "HOME=/data", "/bin/bash", "-c", script)]
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s
        )
        if check and done.returncode:
            raise PeerError(f"{script!r} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def install_python(self, version: str) -> None:
        """Give the root another Python."""
        self.python = version
        self.change_root(
            f"ln -sfn python-{version} /gx/python; echo 'v3.70 with Python {version}' >/opt/victronenergy/version"
        )

    def change_root(self, script: str) -> None:
        """Run a script while the root can be written."""
        remount = ["nsenter", "-t", str(self._init()), "--mount", "mount", str(self.directory / "root"), "-o"]
        subprocess.run([*remount, "remount,rw"], check=True)
        self.shell(script)
        subprocess.run([*remount, "remount,ro"], check=True)

    def service_names(self) -> list[str]:
        return sorted(path.name for path in (self.root / "service").iterdir())

    def boot(self) -> None:
        """Start what Venus starts, then rc.local; the simulated settings, system and MQTT gateway join in."""
        self.shell(BOOT.format(mosquitto=find_program("mosquitto")) + "disown -a")
        self.until((self.root / "run" / "dbus" / "system_bus_socket").exists, "the bus")
        self._simulators = Peer(
            "simulated GX",
            self.in_network(sys.executable, str(HERE / "stock.py"), self.bus, str(self.directory / "settings.xml")),
            env={**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY}/lib"},
        )
        self._simulators.__enter__()
        self._simulators.wait_output("stock programs are up")

    def cut_power(self) -> None:
        """Leave nothing but the root and /data."""
        self.end_simulators()
        self.shell("kill -9 -1", check=False)
        self.shell("rm -rf /service/* /service/.[!.]* /run/* /tmp/*")

    def reboot(self) -> None:
        """Cut the power, and start again: only /data is left."""
        self.cut_power()
        self.boot()

    def update_firmware(self, version: str) -> None:
        """Boot from another root, whose /etc and /opt are as shipped, with another Python."""
        self.cut_power()
        self.change_root("m=$(cat /etc/venus/machine); rm -rf /etc /opt; cd /; sh /gx/firmware.sh $m")
        self.install_python(version)
        self.boot()

    def end_simulators(self) -> None:
        if self._simulators is not None:
            self._simulators.close()
            self._simulators = None

    def stop(self) -> None:
        self.end_simulators()
        # The first process of a namespace obeys no SIGTERM; with it everything in the namespace ends.
        self.kill()
        super().stop()

    def plug(self, pty: str, tty: str, name: str, properties: str = "") -> None:
        """Plug in an adapter: a pty as /dev/<tty>, with a name in /dev/serial/by-id and what udev knows of it."""
        place = self.directory / "root" / "dev" / tty
        mount = ["nsenter", "-t", str(self._init()), "--mount", "sh", "-ec", f": >{place}; mount -o bind {pty} {place}"]
        subprocess.run(mount, check=True)
        number = Path(pty).stat().st_rdev
        record = self.root / "run" / "udev" / "data" / f"c{os.major(number)}:{os.minor(number)}"
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(properties)
        self.shell(f"ln -sf ../../{tty} /dev/serial/by-id/{name}")

    def unplug(self, tty: str, name: str) -> None:
        """Take it out again."""
        place = str(self.directory / "root" / "dev" / tty)
        umount = ["nsenter", "-t", str(self._init()), "--mount", "umount", "-l", place]
        subprocess.run(umount, check=True)
        self.shell(f"rm -f /dev/{tty} /dev/serial/by-id/{name}")

    # What is going on

    def until(self, condition: Callable[[], bool], what: str, limit_s: float = EVENT_LIMIT_S) -> None:
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline:
                logs = self.shell("tail -n 20 /data/log/*/current /tmp/*.log; svstat /service/*", check=False)
                raise PeerError(f"{what}: not within {limit_s:g} s\n{logs}")
            time.sleep(POLL_S)

    def put(self, file: Path, target: str) -> None:
        """Copy a file from outside, as scp does."""
        destination = self.root / target.lstrip("/")
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, destination)

    def processes(self, module: str) -> list[int]:
        """Return the process ids of a daemon, as the GX numbers them."""
        found = []
        for path in (self.root / "proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue  # it has just ended
            if b"-m" in words and words[words.index(b"-m") + 1] == module.encode():
                found.append(int(path.parent.name))
        return sorted(found)

    def status(self, daemon: str) -> dict[str, Any]:
        file = self.root / "run" / "venus-daemons" / f"{daemon}.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def svstat(self, daemon: str) -> str:
        return self.shell(f"svstat /service/{daemon}", check=False)

    def is_running(self, daemon: str) -> bool:
        """Say whether exactly one process of a daemon runs, supervised, and says so itself."""
        pids = self.processes(daemon.replace("-", "_"))
        status = self.status(daemon)
        return len(pids) == 1 and status.get("state") == "running" and status.get("pid") == pids[0]

    def log(self, daemon: str) -> str:
        file = self.root / "data" / "log" / daemon / "current"
        return file.read_text() if file.exists() else ""
