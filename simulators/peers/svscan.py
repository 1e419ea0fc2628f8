"""A real svscan over a directory of services, ended with everything that it supervises."""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import TYPE_CHECKING

from simulators.peers.process import POLL_S, START_LIMIT_S, STOP_LIMIT_S, Peer, PeerError, find_program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Svscan(Peer):
    """Daemontools' svscan; each entry of `services` is a service directory or a link to one.

    supervise writes into the service directories: give it copies.
    """

    def __init__(self, services: Path, *, env: Mapping[str, str] | None = None) -> None:
        super().__init__("svscan", [find_program("svscan"), str(services.resolve())], env=env)
        self.services = services
        for program in ("supervise", "svc", "svok", "svstat"):
            find_program(program)

    def names(self) -> list[str]:
        """Return the names of the services that svscan sees."""
        return sorted(p.name for p in self.services.iterdir() if p.is_dir() and not p.name.startswith("."))

    def control(self, options: str, name: str) -> None:
        """Run `svc OPTIONS` on a service: "-d" down, "-u" up, "-t" TERM, ..."""
        subprocess.run([find_program("svc"), options, str(self.services / name)], check=True, timeout=STOP_LIMIT_S)

    def status(self, name: str) -> str:
        """Return what svstat says of a service, without its path."""
        line = subprocess.run(
            [find_program("svstat"), str(self.services / name)],
            check=False,
            capture_output=True,
            text=True,
            timeout=STOP_LIMIT_S,
        ).stdout
        return line.partition(": ")[2].strip()

    def service_pid(self, name: str) -> int | None:
        """Return the process id of a service, None while it is down."""
        state, _, rest = self.status(name).partition(" (pid ")
        return int(rest.partition(")")[0]) if state == "up" else None

    def wait_up(self, name: str, limit_s: float = START_LIMIT_S) -> int:
        """Block until a service is up, and return its process id; raises PeerError."""
        self.wait_until(lambda: self.service_pid(name) is not None, f"for {name} to be up", limit_s)
        pid = self.service_pid(name)
        if pid is None:
            raise PeerError(f"{name} went down again at once")
        return pid

    def stop(self) -> None:
        """End svscan, then each service and its log, then whatever is left of them."""
        if self.process is None:
            return
        # svscan first: it would start a new supervise for each that exits.
        self.process.terminate()
        self.process.wait(STOP_LIMIT_S)
        directories = [d for name in self.names() for d in (self.services / name, self.services / name / "log")]
        running = [d for d in directories if self._is_supervised(d)]
        if running:
            with contextlib.suppress(subprocess.SubprocessError):
                subprocess.run([find_program("svc"), "-dx", *map(str, running)], check=False, timeout=STOP_LIMIT_S)
        deadline = time.monotonic() + STOP_LIMIT_S
        while time.monotonic() < deadline and any(self._is_supervised(d) for d in running):
            time.sleep(POLL_S)
        super().stop()

    def _is_supervised(self, directory: Path) -> bool:
        # svok: 0 while a supervise runs in the directory.
        return (
            directory.is_dir() and subprocess.run([find_program("svok"), str(directory)], check=False).returncode == 0
        )
