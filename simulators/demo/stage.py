"""Everything that the demo starts, in one temporary directory, and ends again."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar

from simulators.demo.places import Places
from simulators.demo.registry import EXHIBITS, Exhibit
from simulators.peers.dbus import DBusDaemon
from simulators.peers.mosquitto import Mosquitto
from simulators.peers.process import Peer
from simulators.peers.svscan import Svscan

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parents[2]
SERVICES: Final = ROOT / "service"
PORTAL_ID: Final = "c0619ab00000"
DEVICE_LIMIT_S: Final = 60.0
"""Several programs start side by side, perhaps on a machine that has other things to do: two seconds when idle."""

LOG_LINES: Final = 12
"""Of each log that a failing demo shows: enough for a traceback's end."""

PeerT = TypeVar("PeerT", bound=Peer)

_TAI64N = re.compile(r"^@[0-9a-f]{24} ", re.MULTILINE)


class Stage:
    """The private GX with all daemons of service/ and their devices, as a (blocking) context manager.

    go_on is called before each part is started and may raise to give up. Opening raises PeerError or
    MissingProgramError when a part does not start.
    """

    def __init__(
        self,
        exhibits: tuple[Exhibit, ...] = EXHIBITS,
        services: Path = SERVICES,
        go_on: Callable[[], None] = lambda: None,
    ) -> None:
        self.daemons: Final = sorted(run.parent.name for run in services.glob("*/run"))
        self.exhibits: Final = [exhibit for exhibit in exhibits if exhibit.daemon in self.daemons]
        self.directory = Path()
        self.address = ""
        self.mqtt_port = 0
        self.hints: list[str] = []
        self._source = services.resolve()
        self._go_on = go_on
        self._stack = ExitStack()
        self._parts: dict[str, Peer] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @property
    def services(self) -> Path:
        """The directory that svscan looks at."""
        return self.directory / "service"

    def log(self, daemon: str) -> Path:
        """Where multilog writes what a daemon says."""
        return self.directory / "log" / daemon / "current"

    def log_tail(self, daemon: str) -> list[str]:
        """The last lines of a daemon's log, without multilog's time stamps."""
        log = self.log(daemon)
        text = log.read_text(errors="replace") if log.exists() else ""
        return _TAI64N.sub("", text).splitlines()[-LOG_LINES:]

    def output_tail(self, part: str) -> list[str]:
        """The last lines that a part printed."""
        return self._parts[part].output.splitlines()[-LOG_LINES:]

    def ended(self) -> list[str]:
        """The parts that should run, but do not."""
        return [
            name for name, part in self._parts.items() if part.process is not None and part.process.poll() is not None
        ]

    def status(self, daemon: str) -> str:
        """What svstat says of a daemon."""
        svscan = self._parts["svscan"]
        return svscan.status(daemon) if isinstance(svscan, Svscan) else ""

    def _open(self, stack: ExitStack) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="venus-demo-"))
        stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        for name in ("peers", "data/conf/venus-daemons", "run", "log", "service"):
            (self.directory / name).mkdir(parents=True)
        os.environ["VENUS_DAEMONS_TEMP"] = str(self.directory / "peers")  # where each Peer makes its own directory
        stack.callback(os.environ.pop, "VENUS_DAEMONS_TEMP", None)

        bus = self._start(stack, "D-Bus", DBusDaemon())
        broker = self._start(stack, "mosquitto", Mosquitto())
        self.address, self.mqtt_port = bus.address, broker.port
        places = Places(
            {
                "python": sys.executable,
                "bus": self.address,
                "directory": str(self.directory),
                "mqtt_port": str(self.mqtt_port),
            }
        )
        stack.callback(places.close)
        self._start(stack, "gx", Program("gx", places.fill_all(_GX), self._environment(), ready="is up on"))
        for exhibit in self.exhibits:
            config = self.directory / "data/conf/venus-daemons" / f"{exhibit.daemon}.yml"
            config.write_text(places.fill(exhibit.config))
            self.hints += places.fill_all(exhibit.hints)
        for daemon in self.daemons:
            self._link(daemon)
        self._start_devices(stack, places)
        self._start(stack, "svscan", Svscan(self.services, env=self._environment()))

    def _start(self, stack: ExitStack, name: str, peer: PeerT) -> PeerT:
        self._go_on()
        self._parts[name] = peer
        stack.enter_context(peer)
        return peer

    def _start_devices(self, stack: ExitStack, places: Places) -> None:
        """Have the devices there before the daemons: one that does not find its device waits before it looks again."""
        starting = []
        for device in (device for exhibit in self.exhibits for device in exhibit.devices):
            program = Program(device.name, places.fill_all(device.command), self._environment())
            starting.append((self._start(stack, device.name, program), device.ready))
        for program, ready in starting:
            program.wait_until(partial(self._is_told, program, ready), "for the device", DEVICE_LIMIT_S)

    def _is_told(self, program: Peer, text: str) -> bool:
        self._go_on()
        return text in program.output

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DBUS_SYSTEM_BUS_ADDRESS": self.address,
            "VENUS_DAEMONS_DATA": str(self.directory / "data"),
            "VENUS_DAEMONS_RUN": str(self.directory / "run"),
            "VENUS_DAEMONS_LOG": str(self.directory / "log"),
            "VENUS_DAEMONS_PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "lib", "daemons")),
        }

    def _link(self, daemon: str) -> None:
        """Have the real run scripts started from here: supervise writes into the directory that it starts from."""
        for run in ("run", "log/run"):
            if (self._source / daemon / run).exists():
                link = self.services / daemon / run
                link.parent.mkdir(parents=True, exist_ok=True)
                link.write_text(f"#!/bin/sh\nexec {shlex.quote(str(self._source / daemon / run))}\n")
                link.chmod(0o755)


class Program(Peer):
    """A part that is a program of this repository."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], *, ready: str = "") -> None:
        super().__init__(name, command, env=env)
        self._ready = ready

    def is_ready(self) -> bool:
        """Whether it printed that it is ready; without such a line it is as soon as it is started."""
        return self._ready in self.output


_GX = (
    "{python}", "-m", "simulators.gx", "--dbus", "{bus}", "--mqtt-port", "{mqtt_port}",
    "--portal-id", PORTAL_ID, "--settings", "{directory}/data/conf/settings.xml",
)  # fmt: skip
